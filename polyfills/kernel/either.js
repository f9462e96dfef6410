// A base class for what is to be an object that is there already.

/**
 * Makes the object that it is given, where it is given one, an instance of its subclasses: they
 * have their private fields in it, and its prototype stays what it is.
 */
export class Either {
  constructor(object) {
    if (object !== undefined) return object;
  }
}
