// placeholder
export function startTimer() {}
