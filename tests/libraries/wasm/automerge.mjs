import * as Automerge from "@automerge/automerge";
export default { async fetch() {
  let a = Automerge.from({ list: ["a"], text: "hi" });
  let b = Automerge.clone(a);
  a = Automerge.change(a, (d) => { d.list.push("b"); d.n = 1; });
  b = Automerge.change(b, (d) => { d.list.unshift("z"); Automerge.splice(d, ["text"], 2, 0, "!"); });
  const m = Automerge.merge(a, b);
  const back = Automerge.load(Automerge.save(m));
  let thrown; try { Automerge.load(new Uint8Array([1, 2, 3])); } catch (e) { thrown = String(e); }
  const told = [back.list.join(), back.text, back.n, thrown.startsWith("RangeError")].join(" ");
  return new Response(told === "z,a,b hi! 1 true" ? "ok" : told + thrown);
} };
