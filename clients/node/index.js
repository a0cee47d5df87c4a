export { Angzarr } from './lib/client.js';
export { AngzarrError, SequenceConflictError } from './lib/errors.js';
export { isConflict, retry } from './lib/retry.js';
export { fromJson, toJson } from './lib/values.js';
