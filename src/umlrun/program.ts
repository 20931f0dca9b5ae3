import { umlrun } from './main.ts';

// Exits at once, even if standard input stays open or a reader is slow.
umlrun().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(125);
  },
);
