import { DurableObject } from "cloudflare:workers";

export class App extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)");
  }

  async fetch(request) {
    const { sql } = this.ctx.storage;
    if (request.method === "POST") {
      sql.exec("INSERT INTO notes (text) VALUES (?)", await request.text());
    }
    const notes = [...sql.exec("SELECT id, text FROM notes")];
    return new Response(notes.map(({ id, text }) => `${id}. ${text}\n`).join(""));
  }
}
