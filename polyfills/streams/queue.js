// The queues of streams: first in, first out, without moving what remains.

const COMPACT_AT = 256;

/** A queue whose `shift` costs the same however long it is. */
export class Queue {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  push(item) {
    this.#items.push(item);
  }

  /** The oldest item; undefined when there is none. */
  peek() {
    return this.#items[this.#head];
  }

  /** Take the oldest item; there must be one. */
  shift() {
    const items = this.#items;
    const item = items[this.#head];
    items[this.#head++] = undefined;
    if (this.#head === items.length) {
      items.length = 0;
      this.#head = 0;
    } else if (this.#head > COMPACT_AT && this.#head * 2 > items.length) {
      this.#items = items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Take all items, oldest first. */
  takeAll() {
    const items = this.#head === 0 ? this.#items : this.#items.slice(this.#head);
    this.clear();
    return items;
  }

  clear() {
    this.#items = [];
    this.#head = 0;
  }
}

/**
 * Chunks with their sizes and the sum of them.
 * https://streams.spec.whatwg.org/#queue-with-sizes
 */
export class SizedQueue {
  #entries = []; // chunk, size, chunk, size, …
  #head = 0;
  length = 0;
  total = 0;

  /** Throws a RangeError unless the size is finite and not negative. */
  enqueue(chunk, size) {
    if (!(size >= 0 && size < Infinity)) {
      throw new RangeError("The size of a chunk must be a finite, non-negative number.");
    }
    this.#entries.push(chunk, size);
    this.length++;
    this.total += size;
  }

  peek() {
    return this.#entries[this.#head];
  }

  /** Take the oldest chunk; there must be one. */
  dequeue() {
    const entries = this.#entries;
    const head = this.#head;
    const chunk = entries[head];
    const rest = this.total - entries[head + 1];
    // Sums of fractions can come out below zero.
    this.total = rest < 0 ? 0 : rest;
    if (--this.length === 0) this.#clear();
    else this.#drop(head);
    return chunk;
  }

  #drop(head) {
    this.#entries[head] = undefined;
    this.#head = head + 2;
    if (head < COMPACT_AT || head < this.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  #clear() {
    this.#entries.length = 0;
    this.#head = 0;
  }

  reset() {
    this.#entries = [];
    this.#head = this.length = this.total = 0;
  }
}
