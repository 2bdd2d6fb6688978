// Grafana's own code for data, which expects a browser and needs next to nothing of it.
import { createRequire } from 'node:module';

globalThis.window = globalThis;
globalThis.navigator ??= { languages: ['en-GB'] };

export default createRequire(import.meta.url)('@grafana/data');
