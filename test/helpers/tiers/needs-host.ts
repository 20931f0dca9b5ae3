/**
 * The mark of the host tier. A test file that imports this, also through helpers, needs root, a kernel, a network, or
 * packages that only the tests need. All other test files are of the unit tier (tiers.ts).
 */
if (process.getuid?.() !== 0)
  throw new Error(
    'This test file belongs to the host tier: it needs root, a kernel and the packages of the tests. ' +
      'Run it with "sudo npm test"; "npm run test:unit" runs the tests that need none of these.',
  );
