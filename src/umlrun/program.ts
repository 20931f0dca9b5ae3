import { umlrun } from './main.ts';

// Leaves at once: neither a standard input that goes on nor a slow reader may keep it.
umlrun().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(125);
  },
);
