// node:test: functions that note their calls.
import { mock } from "node:test";

const tried = (run) => {
  try {
    return run();
  } catch (error) {
    return error.code === undefined ? `${error}` : `${error.code} ${error.message}`;
  }
};
const noted = (mocked) =>
  mocked.mock.calls.map((call) => [
    [...call.arguments], call.error?.message, call.result, call.stack instanceof Error, typeof call.target,
  ]);

export default function run(log) {
  const tell = (...values) => log(JSON.stringify(values));

  const nothing = mock.fn();
  tell(nothing(1, 2), nothing.mock.callCount(), noted(nothing), nothing.length);

  const sum = mock.fn(function sum(a, b) { return a + b; }, (a, b) => a * b, { times: 2 });
  tell(sum.name, sum.length, typeof sum, sum(3, 4), sum(3, 4), sum(3, 4), noted(sum));
  sum.mock.mockImplementation(() => "mine");
  sum.mock.mockImplementationOnce(() => "once");
  sum.mock.mockImplementationOnce(() => "later", 5);
  tell(sum(), sum(), sum(), sum());
  tell(tried(() => sum.mock.mockImplementationOnce(() => 0, 2)), tried(() => sum.mock.mockImplementation(5)));
  sum.mock.resetCalls();
  tell(sum.mock.callCount(), sum.mock.calls);
  sum.mock.restore();
  tell(sum(1, 2));

  const limited = mock.fn({ times: 1 });
  tell(limited(), limited(), limited.mock.callCount());
  const failing = mock.fn(() => { throw new RangeError("no"); });
  tell(tried(failing), noted(failing));
  const calls = failing.mock.calls;
  calls.length = 0;
  tell(failing.mock.callCount());

  class Point { constructor(x) { this.x = x; } }
  const Mocked = mock.fn(Point);
  const point = new Mocked(5);
  const [made] = Mocked.mock.calls;
  tell(point.x, point instanceof Point, made.result === point, made.this === point, made.target === Mocked, made.target === Point);

  const object = { n: 5, add(a) { return this.n + a; }, get twice() { return this.n * 2; }, set twice(v) { this.n = v / 2; } };
  const add = mock.method(object, "add");
  tell(object.add(1), object.add.mock.calls[0].this === object, add === object.add);
  add.mock.restore();
  tell(object.add.mock === undefined, object.add(2));
  mock.method(object, "add", function (a) { return this.n - a; }, { times: 1 });
  tell(object.add(1), object.add.mock === undefined, object.add(1));
  const twice = mock.getter(object, "twice", () => "got");
  tell(object.twice, twice.mock.callCount());
  twice.mock.restore();
  tell(object.twice);
  const setter = mock.setter(object, "twice", function (v) { this.n = v; });
  object.twice = 8;
  tell(object.n, setter.mock.calls[0].arguments);
  setter.mock.restore();
  mock.method(object, "twice", { getter: true });
  tell(object.twice);

  class Base { hello() { return "base"; } static make() { return "made"; } }
  class Derived extends Base {}
  const derived = new Derived();
  mock.method(derived, "hello", () => "mocked");
  tell(derived.hello(), new Derived().hello(), Object.hasOwn(derived, "hello"));
  mock.method(Derived, "make");
  tell(Derived.make(), Derived.make.mock.callCount());
  const symbol = Symbol("s");
  const bySymbol = { [symbol]: () => 1 };
  mock.method(bySymbol, symbol, () => 2);
  tell(bySymbol[symbol]());

  for (const wrong of [
    () => mock.fn(5), () => mock.fn(() => {}, 5), () => mock.fn(() => {}, () => {}, null), () => mock.fn({ times: 0 }),
    () => mock.fn({ times: 1.5 }), () => mock.fn({ times: "1" }), () => mock.method(object, 5), () => mock.method(null, "x"),
    () => mock.method(object, "nothing"), () => mock.method(object, "n"), () => mock.method(object, "add", 5),
    () => mock.method(object, "add", () => {}, { getter: 1 }), () => mock.method(object, "twice", { getter: true, setter: true }),
    () => mock.getter(object, "twice", { getter: false }), () => mock.setter(object, "twice", { setter: false }),
    () => mock.getter(object, "twice", { setter: true }), () => mock.getter(object, "add"),
  ]) {
    log(String(tried(wrong)));
  }

  mock.restoreAll();
  tell(derived.hello(), Derived.make(), object.add.mock === undefined);
  mock.reset();
}
