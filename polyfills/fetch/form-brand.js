// Whether a value is a FormData, for those who ask when there may be none yet: form-data.js, which
// is loaded with the first form, says how to tell.

/** Whether the value is a FormData. */
export let isFormData = () => false;

/** `has(value)` tells a FormData from now on. */
export function recognizeForms(has) {
  isFormData = has;
}
