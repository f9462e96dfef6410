// `ctx.exports.Name({ props })`: an export as a binding with props would be.

import { wrongArgument, wrongField } from "../kernel/arguments.js";
import { isObject } from "../kernel/webidl.js";

/** The props among the arguments of such a call of an `owner`; undefined for none. Throws TypeError. */
export function propsAmong(args, owner) {
  const [options] = args;
  const isNone = options === undefined || options === null;
  if (args.length === 0 || (!isNone && !isObject(options))) {
    throw wrongArgument("(called as function)", owner, 1, "Options");
  }
  const props = options?.props;
  if (props !== undefined && !isObject(props)) throw wrongField("props", "Options", "Object");
  return props;
}
