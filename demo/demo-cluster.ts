import { startParts } from './cluster/parts.ts';
import { cache } from './cluster/settings.ts';
import { runDemo } from './run.ts';

// Parts that were still starting are ended by the exit itself.
process.exit(await runDemo({ cache, start: startParts }));
