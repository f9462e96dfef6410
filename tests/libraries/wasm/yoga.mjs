import initYoga from "yoga-wasm-web";
import wasm from "yoga-wasm-web/dist/yoga.wasm";
const yoga = initYoga(wasm);
export default { async fetch() {
  const Yoga = await yoga;
  const root = Yoga.Node.create(); root.setWidth(500); root.setHeight(300); root.setFlexDirection(Yoga.FLEX_DIRECTION_ROW);
  const a = Yoga.Node.create(); a.setFlexGrow(1); const b = Yoga.Node.create(); b.setFlexGrow(4);
  b.setMeasureFunc(() => ({ width: 10, height: 10 }));
  root.insertChild(a, 0); root.insertChild(b, 1);
  root.calculateLayout(undefined, undefined, Yoga.DIRECTION_LTR);
  const told = [a.getComputedLayout().width, b.getComputedLeft()].join();
  root.freeRecursive();
  return new Response(told === "98,98" ? "ok" : told);
} };
