/** Lets all that was begun and waits for nothing come to its end. */
export async function rest() {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
