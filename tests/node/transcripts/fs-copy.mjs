import fs from "node:fs";
import promises from "node:fs/promises";
import { folder } from "./shared/files.mjs";

export default async function run(log) {
  const { root, at, attempt } = folder(log);
  for (const name of ["b", "a", "B", "10", "9"]) fs.writeFileSync(at(name), name);
  fs.mkdirSync(at("d/e"), { recursive: true });
  fs.writeFileSync(at("d/z"), "z");
  fs.writeFileSync(at("d/e/y"), "y");
  fs.writeFileSync(at("d/a"), "a");
  for (const [name, call] of Object.entries({
    copynodir: () => fs.copyFileSync(at("a"), at("no/x")),
    copydir: () => fs.copyFileSync(at("d"), at("x")),
    copyself: () => [fs.copyFileSync(at("a"), at("a")), fs.readFileSync(at("a"), "utf8")],
    copytodir: () => fs.copyFileSync(at("a"), at("d")),
    cpdir: () => fs.cpSync(at("d"), at("d2")),
    cpnone: () => fs.cpSync(at("none"), at("d2")),
    cpself: () => fs.cpSync(at("d"), at("d/e/f"), { recursive: true }),
    cpsame: () => fs.cpSync(at("d"), at("d"), { recursive: true }),
    cpsamefile: () => fs.cpSync(at("a"), at("a")),
    cpdirtofile: () => fs.cpSync(at("d"), at("a"), { recursive: true }),
    cpfiletodir: () => fs.cpSync(at("a"), at("d")),
    cperror: () => fs.cpSync(at("a"), at("b"), { errorOnExist: true, force: false }),
    cpnoforce: () => [fs.cpSync(at("a"), at("b"), { force: false }), fs.readFileSync(at("b"), "utf8")],
    cpfilter: async () => { await promises.cp(at("d"), at("d3"), { recursive: true, filter: async (s) => !s.endsWith("z") }); return fs.readdirSync(at("d3"), { recursive: true }).sort(); },
    cplink: () => { fs.symlinkSync("a", at("rel")); fs.cpSync(at("rel"), at("rel2")); return fs.readlinkSync(at("rel2")); },
    cplinkverb: () => { fs.cpSync(at("rel"), at("rel3"), { verbatimSymlinks: true }); return fs.readlinkSync(at("rel3")); },
    cpderef: () => { fs.cpSync(at("rel"), at("rel4"), { dereference: true }); return fs.lstatSync(at("rel4")).isFile(); },
    cpoptions: () => fs.cpSync(at("a"), at("x"), { recursive: 1 }),
    cpoptions2: () => fs.cpSync(at("a"), at("x"), 5),
    cpoptions3: () => fs.cpSync(at("a"), at("x"), { filter: 5 }),
    cptimes: () => { fs.utimesSync(at("a"), 5, 6); fs.cpSync(at("a"), at("ct"), { preserveTimestamps: true }); return fs.statSync(at("ct")).mtimeMs; },
  }))
    await attempt(name, call);
  fs.rmSync(root, { recursive: true });
}
