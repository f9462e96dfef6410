import wasm from "sql.js/dist/sql-wasm-browser.wasm";
globalThis.location = { href: "" }; // what Emscripten asks a Worker for
export default { async fetch() {
  const { default: initSqlJs } = await import("sql.js/dist/sql-wasm-browser.js");
  const SQL = await initSqlJs({ instantiateWasm(imports, done) { done(new WebAssembly.Instance(wasm, imports)); return {}; } });
  const db = new SQL.Database();
  db.run("CREATE TABLE t (a int, b text, c blob); INSERT INTO t VALUES (1, 'x', x'0102'), (2, 'y', null);");
  const rows = JSON.stringify(db.exec("SELECT a, a * 2, b FROM t ORDER BY a")[0].values);
  let thrown; try { db.exec("nope"); } catch (e) { thrown = e.message; }
  const copy = new SQL.Database(db.export());
  const count = copy.exec("SELECT count(*) FROM t")[0].values[0][0];
  return new Response(rows === '[[1,2,"x"],[2,4,"y"]]' && /syntax/.test(thrown) && count === 2 ? "ok" : rows + thrown + count);
} };
