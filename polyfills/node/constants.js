// node:constants, the old name of what node:os keeps: https://nodejs.org/docs/latest-v20.x/api/os.html#os-constants

import { constants } from "./os.js";

export default { ...constants.errno, ...constants.signals, ...constants.priority };
