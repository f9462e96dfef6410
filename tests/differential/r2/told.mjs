// How what R2 buckets do is told: as JSON, and of what only chance or a clock decides, the kind.

/** A value as JSON that tells what classes lose. */
export function shown(value) {
  if (value === undefined) return "undefined";
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : `${value}`;
  if (typeof value === "function") return `function ${value.name}`;
  if (value instanceof Date) return Math.abs(Date.now() - value) < 60_000 ? "now" : value.toJSON();
  if (value instanceof ArrayBuffer) return { buffer: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: [...value] };
  if (value instanceof Map) return { map: shown([...value]) };
  if (value instanceof Headers) return { headers: shown([...value]) };
  if (value instanceof Error) return `${value.constructor.name} ${value.name}: ${value.message}`;
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof ReadableStream) return "stream";
  return Object.fromEntries(
    Object.keys(value)
      .filter((name) => name !== "version" && name !== "uploadId" && name !== "storageClass")
      .map((name) => [name, shown(value[name])]),
  );
}

export const tried = async (action) => {
  try {
    return shown(await action());
  } catch (error) {
    return shown(error);
  }
};

/** The outcomes of several actions by their names. */
export async function each(actions) {
  const told = {};
  for (const [name, action] of Object.entries(actions)) told[name] = await tried(action);
  return told;
}

export const read = async (object) => (object && object.body ? [object.range, await object.text()] : object);
export const stream = (text) => new Response(text).body;
export const unknown = () =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("unknown"));
      controller.close();
    },
  });
