export { Angzarr } from './lib/client.js';
export { AngzarrError, SequenceConflictError, WrongNodeError } from './lib/errors.js';
export { AngzarrNodes } from './lib/nodes.js';
export { isConflict, retry } from './lib/retry.js';
export { slotOf } from './lib/slots.js';
export { fromJson, toJson } from './lib/values.js';
