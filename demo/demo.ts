import { startParts } from './parts.ts';
import { runDemo } from './run.ts';
import { cache } from './settings.ts';

// Parts that were still starting are ended by the exit itself.
process.exit(await runDemo({ cache, start: startParts }));
