// The classes whose instances structured cloning refuses. To clone knows a class by what its
// own folder registered; without a word, an instance would be copied as a plain object, and
// storage would keep `{}` where a script put a URL.
// https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal

import { File } from "./files/file.js";
import { Blob } from "./files/blob.js";
import { interfaces } from "./globals.js";
import { DurableObjectId } from "./objects/id.js";
import { DurableObjectNamespace } from "./objects/namespace.js";
import { DurableObjectState } from "./objects/state.js";
import { DurableObjectStorage } from "./objects/storage.js";
import { DurableObjectTransaction } from "./objects/transaction.js";
import { refuseToClone } from "./serialize/index.js";
import { ExecutionContext } from "./workers/execution-context.js";

const clonable = [Blob, File, Proxy];

refuseToClone(
  DurableObjectId,
  DurableObjectNamespace,
  DurableObjectState,
  DurableObjectStorage,
  DurableObjectTransaction,
  ExecutionContext,
  ...Object.values(interfaces).filter(
    (value) => typeof value === "function" && !clonable.includes(value),
  ),
);
