// `ctx.exports.Name({ props })`: an export as a binding with props would be.

import { isObject } from "../kernel/webidl.js";

const NOT_PROPS =
  "Incorrect type for the 'props' field on 'Options': the provided value is not of type 'Object'.";

/** The props among the arguments of such a call of an `owner`; undefined for none. Throws TypeError. */
export function propsAmong(args, owner) {
  const [options] = args;
  const isNone = options === undefined || options === null;
  if (args.length === 0 || (!isNone && !isObject(options))) {
    throw new TypeError(
      `Failed to execute '(called as function)' on '${owner}': parameter 1 is not of type 'Options'.`,
    );
  }
  const props = options?.props;
  if (props !== undefined && !isObject(props)) throw new TypeError(NOT_PROPS);
  return props;
}
