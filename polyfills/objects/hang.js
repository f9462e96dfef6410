// Objects that wait for what can never come: a promise that nothing settles, or each other.
//
// An object waits only for objects if all that is under way for it are calls to others of this
// isolate, and its own critical sections. Of such objects those hang that wait for none but
// such: what a circle of them waits for, nobody outside can give.

/** What the callers are told. */
export const HUNG = "The Durable Object's code had hung and would never generate a response.";
/** What those are told who wait for the steps of a Workflow's instance, when it leaves memory. */
export const AT_REST = "The Workflow's instance rests, and begins anew when a step goes on.";

/**
 * The calls to `instances` that nothing under way could ever let be answered. Where objects
 * wait for each other, only those by which they do: what follows is their code's affair.
 */
export function hungCalls(instances) {
  const hung = hungAmong(instances);
  const calls = [...hung].flatMap((instance) => [...instance.calls]);
  const ofEachOther = calls.filter(({ caller }) => caller !== undefined && hung.has(caller.life));
  return ofEachOther.length > 0 ? ofEachOther : calls;
}

function hungAmong(instances) {
  const waits = new Map(); // who calls → whom
  for (const instance of instances) {
    for (const { caller } of instance.calls) {
      if (caller === undefined) continue;
      const callees = waits.get(caller.life);
      if (callees === undefined) waits.set(caller.life, [instance]);
      else callees.push(instance);
    }
  }
  const hung = new Set(
    instances.filter((instance) => instance.waitsForNoMoreThan(waits.get(instance)?.length ?? 0)),
  );
  for (let size = 0; size !== hung.size; ) {
    size = hung.size;
    for (const instance of hung) {
      if (waits.get(instance)?.some((callee) => !hung.has(callee))) hung.delete(instance);
    }
  }
  return hung;
}
