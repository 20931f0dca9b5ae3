/** A phrase that has to be solved like a riddle, and plain English for it. */
export interface Phrase {
  /** The phrase as the glossary shows it. */
  readonly never: string;
  readonly use: string;
  /** A regular expression for the phrase, if it has more than one form. */
  readonly match?: string;
}

/** Phrases of no single thing; the terms of things are in terms.ts. */
export const phrases: readonly Phrase[] = [
  {
    never: 'who comes late',
    use: 'name the thing: "a viewer that attaches later"',
    match: '(?:comes?|came|coming) late|latecomers?|late joiners?',
  },
  {
    never: 'for who asks',
    use: 'name the subject: "for a client that asks"',
    match:
      '(?:^|(?<=[.;(] )|(?<=\\b(?:to|for|of|by|with|from|than|tells|knows|and|but|only) ))who (?:has|have|had|asks?|asked|comes?|came|types?|wants?|waits?|waited|holds?|reads?|sees?|may|can|cannot|does|did|uses?|runs?|starts?|gets?|gives?|needs?|knows?|calls?|writes?|makes?|takes?|looks?|ends?|leaves?|owns?)(?! (?:\\w+ )?(?:what|which))',
  },
  {
    never: 'no more',
    use: '"no longer", "not any more"',
    match:
      'no more(?=(?:[.,;:)]|$| (?:and|or|but|because|when|after|before|for|in|to|as|by|if|from|on|at|with|since|then|either) ))',
  },
  { never: 'without a word', use: '"without an error message", "silently"' },
  {
    never: 'is to be',
    use: '"must be", or the imperative',
    match:
      '(?:is|are|was|were) (?:not )?to be|(?:is|are|was|were) to (?!(?:a|the|this|that|be)\\b)(?:stay|stop|start|get|go|run|have|do|make|take|keep|end|wait|use|boot|read|write)',
  },
  { never: 'has to say', use: '"reports", "prints"', match: '(?:has|have|had) to say' },
  { never: 'what there is', use: 'name the thing', match: 'what (?:there is|there was|is there|was there)' },
  {
    never: 'stands',
    use: '"is", "is written", "is recorded"',
    match: '(?<!(?:it|letter|name|it also) )(?:stands?|stood)(?! (?:for|alone|by))(?!-)',
  },
  {
    never: 'lies in',
    use: '"is in"',
    match: '(?:lies?|lay|lying) (?:in|at|on|under|beside|below|there|beneath|outside|within)',
  },
  {
    never: 'goes on',
    use: '"continues", "is in progress"',
    match: '(?:goes|go|went|going|gone) on(?! (?:the|a|to))',
  },
  { never: 'can be had', use: '"is available"', match: '(?:can|could|cannot|to) be had' },
  { never: 'is no news', use: '"publishes no event"', match: '(?:is|are) (?:no|not) news' },
  {
    never: 'lets in',
    use: '"accepts", "authenticates"',
    match: '(?:lets?|letting) (?:\\w+ ){0,3}in(?=[.,;:)])|(?:are|is|be) let in',
  },
  { never: 'vouches for', use: '"signs", "certifies"', match: 'vouch(?:es|ed)?' },
  { never: 'mend', use: '"fix", "repair"', match: 'mend(?:s|ed|ing)?' },
  { never: 'is ours', use: 'name the owner', match: '(?<!\\bof )ours|theirs' },
  {
    never: 'hears of',
    use: '"is notified of", "receives"',
    match: '(?:hears?|heard) (?:of|from|that|about|nothing)',
  },
  { never: 'for ever', use: '"without limit", "forever"' },
  { never: 'in vain', use: '"without success"' },
  {
    never: 'thereof, hence, lest, whereby',
    use: 'write: "of it", "so", "or else", "by which"',
    match: 'thereof|hence(?:forth)?|lest|whereby|wherein|thereby|thereupon|therein|unto|ere|till',
  },
  { never: 'and the like', use: 'list them, or name the group', match: 'the like|and so forth' },
  { never: 'as ever', use: '"as before", "unchanged"' },
  { never: 'by and by', use: '"gradually"' },
  { never: 'is done with', use: '"has finished"', match: '(?:is|are|was|has|have) done with' },
  { never: 'what is asked of it', use: 'name the request', match: '(?:is|are|was) asked of' },
  { never: 'is at an end', use: '"has ended"', match: 'at an end|has an end' },
  { never: 'comes to nothing', use: '"fails"', match: '(?:comes?|came) to nothing' },
  {
    never: 'knows nothing of',
    use: '"does not use", "has no information about"',
    match: 'knows? (?:nothing|none|of no)',
  },
  { never: 'wants of', use: '"needs from"', match: 'wants? of' },
  {
    never: 'believe',
    use: '"accept", "trust"; a kernel is adopted',
    match: 'believ(?:e|es|ed|ing)',
  },
  {
    never: 'is cut off',
    use: '"is interrupted", "is truncated", "is disconnected"',
    match: 'cut(?:s|ting)? off',
  },
  { never: 'lets go of', use: '"releases"', match: '(?:lets?|letting) (?:\\w+ ){0,2}go' },
  { never: 'gives way', use: '"is closed first", "is replaced"', match: '(?:gives?|gave|giving) way' },
  { never: 'washes away', use: '"displaces"', match: 'wash(?:es|ed)? (?:away|out)' },
  { never: 'leads astray', use: '"redirects", "misleads"', match: 'astray' },
  { never: 'holds up', use: '"delays", "blocks"', match: '(?:holds?|held|holding) up' },
  {
    never: 'comes and goes',
    use: '"is plugged and unplugged", "starts and ends"',
    match: 'comes? and goe?s?',
  },
  { never: 'his', use: 'name the user, or "its"', match: 'he|him|his|himself' },
  { never: 'be it', use: '"whether it is"', match: 'be it|be they' },
  { never: 'so much as', use: '"even"' },
];
