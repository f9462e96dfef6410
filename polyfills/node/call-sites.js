// util.getCallSites: https://nodejs.org/docs/latest-v22.x/api/util.html#utilgetcallsitesframecount-options

import { requireInteger } from "./errors.js";

const MAX_FRAMES = 200;

/** The callers of the function that asks, from the innermost on. */
export function getCallSites(frameCount = 10, _options = undefined) {
  if (frameCount !== null && typeof frameCount === "object") frameCount = 10;
  requireInteger(frameCount, "frameCount", 1, MAX_FRAMES);
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, sites) => sites;
    const sites = new Error().stack;
    return sites.slice(1, 1 + frameCount).map((site) => ({
      functionName: site.getFunctionName() ?? "",
      scriptName: site.getFileName() ?? "",
      lineNumber: site.getLineNumber() ?? 0,
      columnNumber: site.getColumnNumber() ?? 0,
      column: site.getColumnNumber() ?? 0,
    }));
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}
