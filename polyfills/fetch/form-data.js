// FormData: https://xhr.spec.whatwg.org/#interface-formdata

import { defineListView } from "../console/views.js";
import { wrongArgument } from "../kernel/arguments.js";
import {
  defineInterface,
  defineIterable,
  illegalInvocation,
  isObject,
  requireArguments,
  toUSVString,
} from "../kernel/webidl.js";
import { blobBytes, isBlob } from "../files/blob.js";
import { fileFromBytes, isFile } from "../files/file.js";
import { refuseToClone } from "../serialize/index.js";
import { isFormData, recognizeForms } from "./form-brand.js";

/** The entries of a FormData, [name, string or File], not copied. */
export let formEntries;

/** The names and values of a form, in order. */
export class FormData {
  #entries = [];

  constructor(form = undefined) {
    if (form !== undefined) {
      throw new TypeError(
        "Failed to construct 'FormData': parameter 1 is not of type 'HTMLFormElement'.",
      );
    }
  }

  static {
    recognizeForms((value) => isObject(value) && #entries in value);
    formEntries = (form) => {
      if (!isFormData(form)) throw illegalInvocation();
      return form.#entries;
    };
  }

  append(name, value, filename = undefined) {
    requireArguments(arguments.length, 2, "'append' on 'FormData'");
    this.#entries.push(createEntry("append", arguments.length > 2, name, value, filename));
  }

  delete(name) {
    requireArguments(arguments.length, 1, "'delete' on 'FormData'");
    const key = toUSVString(name);
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }

  get(name) {
    requireArguments(arguments.length, 1, "'get' on 'FormData'");
    const key = toUSVString(name);
    const entry = this.#entries.find((candidate) => candidate[0] === key);
    return entry === undefined ? null : entry[1];
  }

  getAll(name) {
    requireArguments(arguments.length, 1, "'getAll' on 'FormData'");
    const key = toUSVString(name);
    return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }

  has(name) {
    requireArguments(arguments.length, 1, "'has' on 'FormData'");
    const key = toUSVString(name);
    return this.#entries.some((entry) => entry[0] === key);
  }

  /** The first entry of the name is replaced, the others go. */
  set(name, value, filename = undefined) {
    requireArguments(arguments.length, 2, "'set' on 'FormData'");
    const entry = createEntry("set", arguments.length > 2, name, value, filename);
    const entries = this.#entries;
    const first = entries.findIndex((candidate) => candidate[0] === entry[0]);
    if (first === -1) {
      entries.push(entry);
      return;
    }
    entries[first] = entry;
    this.#entries = entries.filter((old, i) => i <= first || old[0] !== entry[0]);
  }
}

defineIterable(FormData, (form, index) => formEntries(form)[index]);
defineListView(FormData, (form, index) => formEntries(form)[index]);
defineInterface(FormData);
refuseToClone(FormData);

// Both overloads: (USVString, USVString) and (USVString, Blob, optional USVString).
// https://xhr.spec.whatwg.org/#create-an-entry
function createEntry(method, isFileForm, name, value, filename) {
  const key = toUSVString(name);
  if (isBlob(value)) {
    return [key, asFile(value, filename === undefined ? undefined : toUSVString(filename))];
  }
  if (isFileForm) {
    throw wrongArgument(method, "FormData", 2, "Blob");
  }
  return [key, toUSVString(value)];
}

function asFile(blob, filename) {
  if (isFile(blob)) {
    if (filename === undefined) return blob;
    return fileFromBytes(blobBytes(blob), filename, blob.type, blob.lastModified);
  }
  return fileFromBytes(blobBytes(blob), filename ?? "blob", blob.type);
}

/** A FormData with these entries, each [name, string or File]. */
export function formFromEntries(entries) {
  const form = new FormData();
  formEntries(form).push(...entries);
  return form;
}
