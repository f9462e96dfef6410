// Names and numbers that libraries look up without a call, and answers where a Worker has nothing to tell.

import http2 from "node:http2";
import Module, { createRequire } from "node:module";
import path from "node:path";
import perf from "node:perf_hooks";
import { Readable } from "node:stream";
import util from "node:util";
import v8 from "node:v8";
import vm from "node:vm";
import common from "node:_http_common";
import * as oldReadable from "node:_stream_readable";
import zlib, * as zlibNames from "node:zlib";
import { attempt } from "./shared/attempt.mjs";

export default async function (log) {
  const numbers = Object.entries(http2.constants).filter(([name]) => !name.startsWith("NGHTTP2_HCAT"));
  for (const [name, value] of numbers.sort(([a], [b]) => (a < b ? -1 : 1))) log(name, value);
  for (const name of Object.keys(zlib.constants).sort()) {
    if (name.startsWith("BROTLI_")) log(name, zlib.constants[name]);
  }
  log(zlib.Z_SYNC_FLUSH, typeof zlibNames.createGzip);

  log(common.methods.includes("GET"), JSON.stringify(common.CRLF), common.chunkExpression.test("Chunked"));
  log(common._checkIsHttpToken("a-b"), common._checkIsHttpToken("a b"), common._checkInvalidHeaderChar("\n"));

  log(typeof Module, Module.Module === Module, typeof Module.createRequire, Module.isBuiltin("fs"));
  log(typeof Module._extensions[".js"], typeof Module._load, Module.syncBuiltinESMExports());

  const require = createRequire("/x.js");
  log(Object.keys(process.resourceUsage()).join(), Array.isArray(process.getActiveResourcesInfo()));
  log(typeof process._rawDebug, typeof require("cluster").on);
  log(attempt(() => process.loadEnvFile("/tmp/none.env")).includes("ENOENT"));
  log(Object.keys(v8.getHeapCodeStatistics()).join(), Boolean(v8.startupSnapshot.isBuildingSnapshot()));
  log(attempt(() => vm.isContext(1)), vm.isContext({}), vm.isContext(vm.createContext({})));
  log(attempt(() => vm.createContext(5)), vm.createContext().constructor === undefined);
  log(attempt(() => vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER));
  log(perf.performance.timerify((x) => x + 1)(1), typeof perf.performance.nodeTiming);
  log(typeof perf.performance.eventLoopUtilization().idle, perf.constants.NODE_PERFORMANCE_GC_MAJOR);
  const { getEnvironmentData, setEnvironmentData } = require("worker_threads");
  setEnvironmentData("a", { b: 1 });
  log(getEnvironmentData("a").b, getEnvironmentData("c"));

  const { code, errno, message, syscall } = util._errnoException(-2, "open", "/x");
  log(code, errno, message, syscall, util._exceptionWithHostPort(-111, "connect", "::1", 80).message);
  log(util.transferableAbortController() instanceof AbortController);
  log(util.transferableAbortSignal(AbortSignal.abort()).aborted, util.format("%s", new Uint8Array([1, 2])));
  for (const file of ["a/b/../c", "a/./b", "a/../../b", "a//b"]) log(file, path.matchesGlob(file, "a/**"));

  const { EventEmitter, getEventListeners } = require("events");
  const crowded = new EventEmitter();
  const warned = new Promise((resolve) => {
    process.on("warning", (warning) => {
      if (warning.emitter === crowded) resolve(warning);
    });
  });
  for (let i = 0; i < 12; i++) crowded.on("x", () => {});
  const warning = await warned;
  log(warning.name, warning.message, warning.emitter === crowded, warning.type, warning.count);
  log(getEventListeners(new EventTarget(), "x").length);
  log(Buffer.alloc(3).fill("ab", 0, 3, null).toString("hex"));

  const old = new EventEmitter();
  const stream = Readable.wrap(old);
  log(typeof oldReadable.fromWeb, oldReadable.ReadableState === Readable.ReadableState);
  old.emit("data", { an: "object" });
  old.emit("end");
  for await (const chunk of stream) log(util.inspect(chunk));
}
