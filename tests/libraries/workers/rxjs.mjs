import assert from "node:assert/strict";
import {
  catchError,
  concatMap,
  delay,
  filter,
  firstValueFrom,
  from,
  interval,
  map,
  of,
  scan,
  Subject,
  take,
  timer,
  toArray,
} from "rxjs";

export default {
  async fetch() {
    assert.deepEqual(
      await firstValueFrom(
        interval(1).pipe(
          take(4),
          filter((n) => n % 2 === 0),
          map((n) => n * 10),
          toArray(),
        ),
      ),
      [0, 20],
    );
    assert.deepEqual(
      await firstValueFrom(
        from([1, 2, 3]).pipe(
          concatMap((n) => of(n).pipe(delay(1))),
          scan((sum, n) => sum + n, 0),
          toArray(),
        ),
      ),
      [1, 3, 6],
    );
    const subject = new Subject();
    const seen = [];
    subject.subscribe((value) => seen.push(value));
    subject.next("a");
    assert.deepEqual(seen, ["a"]);
    assert.equal(
      await firstValueFrom(
        timer(1).pipe(
          map(() => {
            throw new Error("inner");
          }),
          catchError((error) => of(error.message)),
        ),
      ),
      "inner",
    );
    return new Response("ok");
  },
};
