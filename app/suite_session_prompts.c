#include "app/suite_session_prompts.h"

typedef struct phase {
    const char *name;
    session_turn turns[SESSION_PHASE_TURNS];
} phase;

static const phase phases[SESSION_PHASES] = {
    { "write",
      {
          { "We are going to write a small Python program, tally.py, that counts how often each word occurs in a text "
            "file. Write a function read_lines(path) that returns the lines of the file without their line ends.",
            "They began to read the book, and" },
          { "Write a function split_words(line) that returns the words of one line in lower case, without punctuation.",
            "Each line was made of words, and each word" },
          { "Write count_words(lines): it returns a dictionary from each word to the number of times it occurs.",
            "They counted the words, but" },
          { "Write top_words(counts, n): the n most frequent words with their counts, the most frequent first.",
            "The word that came most was" },
          { "Write a function print_table(rows) that prints one word and its count per line, the counts aligned.",
            "The words were set in order, so that" },
          { "Now write main(): it takes the path from the command line and prints the ten most frequent words.",
            "Then they wrote the whole of it, which" },
          { "Add an option --top N to main() that sets how many words are printed.", "One asked how many words, and" },
          { "What happens when the path does not exist? Make the program say so in one line and end with status 1.",
            "If there was no book, they" },
          { "Show the imports the whole file needs and nothing else.", "All that they needed was" },
          { "Show the whole of tally.py as it stands now.", "So the work was done, and" },
      } },
    { "debug",
      {
          { "With an empty file the program prints nothing, not even a note. Find where this should be handled and fix "
            "it.",
            "But the page was empty, because" },
          { "The word \"don't\" is counted as \"don\" and \"t\". Correct split_words.", "One word was cut in two, so" },
          { "Two words with the same count come out in a different order on each run. Explain why and fix top_words.",
            "The order was not the same, for" },
          { "A file that is not valid UTF-8 ends in a traceback. Make read_lines replace broken bytes.",
            "Some letters were broken, which" },
          { "--top 0 prints everything. It should be refused. Change main().", "When he asked for none, he" },
          { "--top -3 prints all but the last three words. Say why, and refuse it too.",
            "Three words were gone, and where" },
          { "The last line is lost when the file does not end with a newline. Is that true of read_lines? Answer "
            "first, then correct it if needed.",
            "The last line was lost, as if" },
          { "print_table is misaligned when a word is longer than twelve letters. Correct it.",
            "No long word would go in, unless" },
          { "A user says a 2 GB file fills the memory. Which function is to blame, and what should it do instead?",
            "It was too slow, and the book" },
          { "List the bugs we have fixed so far, one line each.", "They told each thing that was wrong:" },
      } },
    { "refactor",
      {
          { "count_words and split_words both lower the case. Do it in one place only.", "It was done twice, when" },
          { "Make read_lines a generator, so that the file is never in memory as a whole.",
            "They would not hold the whole book, but" },
          { "Replace the dictionary in count_words by collections.Counter. What becomes shorter?",
            "They found a shorter way, by" },
          { "Does top_words still need its own sorting now? Rewrite it.", "No order was needed, since" },
          { "Split main() into parse_arguments() and run(path, top).", "The last part was made two parts, one" },
          { "Give every function a docstring of one sentence.", "They said what each part was for:" },
          { "Add type hints to all functions and methods.", "They said what each part must have:" },
          { "Rename split_words to words_of and change every call of it.", "The second part had a better name, but" },
          { "Move everything that prints into one function, so that the rest can be tested.",
            "All the talk was in one place, while" },
          { "Show tally.py again, complete, after these changes.", "They looked at the work again, to see" },
      } },
    { "test",
      {
          { "Write a pytest test for words_of with an ordinary sentence.", "They tried it on a common line, and" },
          { "Write a test that words_of keeps the apostrophe in \"don't\".", "The word that was cut was now" },
          { "Write a test for count_words with three lines, two of them equal.", "With two lines alike, they" },
          { "Write a test that words with equal counts come out in alphabetical order.",
            "Of two words alike, the first" },
          { "Write a test for an empty file with the tmp_path fixture.", "With an empty page, there" },
          { "Write a test that a missing file ends with status 1 and one line of text.", "With no book, it said" },
          { "Write a test that broken bytes do not stop the program.", "The broken letters did not" },
          { "Which branch of main() has no test yet? Name it and write the test.", "What was not yet tried was" },
          { "One test writes to the working directory. Say why that is bad and correct it.",
            "One trial left a mark, because" },
          { "List all tests with what each of them proves, one line each.", "They told what each trial had shown:" },
      } },
    { "extend",
      {
          { "Let tally.py read standard input when the path is \"-\".", "Now it read what was said, if" },
          { "Add an option --min N: words with fewer letters than N are not counted.",
            "The short words were left out, for" },
          { "Add an option --ignore FILE with words that are not counted, one per line.",
            "The words he named were not" },
          { "Let it take several files and count over all of them.", "It took more books than one, and each" },
          { "Add --json, which prints the counts as one JSON object.", "It was written in another form, like" },
          { "Which of the new options need a test of their own? Write the shortest one.",
            "Which of these must be tried? The" },
          { "Write the text that --help should print.", "They wrote a word of help:" },
          { "Write a README of ten lines with two examples.", "They wrote how it was to be used, with" },
          { "What would you change first if the program had to be ten times faster?", "It could be made quicker, if" },
          { "Show the final tally.py, complete, and nothing else.", "At the end they looked at it all:" },
      } },
};

const session_turn *session_turn_at(int turn)
{
    return &phases[turn / SESSION_PHASE_TURNS].turns[turn % SESSION_PHASE_TURNS];
}

const char *session_phase_of(int turn)
{
    return phases[turn / SESSION_PHASE_TURNS].name;
}

const char *session_orders(void)
{
    return "You are a careful programmer. Answer with code where code is asked for, and briefly.";
}
