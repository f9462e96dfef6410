// A guest book in a D1 database: POST /<name> signs it, GET / shows the last entries, and
// GET /?q=<word> those that have a word in them.

const LAST = "SELECT name, words FROM entries ORDER BY id DESC LIMIT 10";
const WITH_WORD = `
  SELECT name, highlight(search, 0, '*', '*') AS words
  FROM search JOIN entries ON entries.id = search.rowid
  WHERE search MATCH ? ORDER BY rank LIMIT 10`;

async function sign(db, name, words) {
  const entry = db.prepare("INSERT INTO entries (name, words) VALUES (?, ?)").bind(name, words);
  // One transaction: the count is that of this very entry.
  const [{ meta }, counted] = await db.batch([entry, db.prepare("SELECT count(*) AS n FROM entries")]);
  return `Thank you, ${name}: entry ${meta.last_row_id} of ${counted.results[0].n}.\n`;
}

async function show(db, word) {
  const statement = word ? db.prepare(WITH_WORD).bind(`"${word.replaceAll('"', '""')}"`) : db.prepare(LAST);
  const { results } = await statement.all();
  return results.map(({ name, words }) => `${name}: ${words}\n`).join("") || "Nothing yet.\n";
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const name = decodeURIComponent(pathname.slice(1));
    if (request.method === "POST" && name) return new Response(await sign(env.DB, name, await request.text()));
    return new Response(await show(env.DB, searchParams.get("q")));
  },
};
