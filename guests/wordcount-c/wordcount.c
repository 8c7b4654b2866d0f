#include "planaria.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT(name) __attribute__((export_name(name)))

/* What is kept from call to call: an array of words, in the order in which they came. */
typedef struct {
  planaria_string text;
  uint32_t count;
} word;

static word *words;
static size_t word_count, room;
static uint32_t total;

/* Results that are more than a number are read from here when an export has come back. */
static struct {
  bool failed;
  union {
    uint32_t total;
    planaria_string why;
  };
} counted;

static void *must(void *memory) {
  if (!memory) abort();
  return memory;
}

static void count_word(const char *bytes, size_t length) {
  total += 1;
  for (size_t i = 0; i < word_count; i += 1) {
    word *known = &words[i];
    if (known->text.length != length || memcmp(known->text.bytes, bytes, length) != 0) continue;
    known->count += 1;
    return;
  }
  if (word_count == room) words = must(realloc(words, (room = room ? 2 * room : 8) * sizeof(word)));
  char *copy = must(malloc(length));
  words[word_count++] = (word){{memcpy(copy, bytes, length), length}, 1};
}

/* A word is a run of letters, in lower case; bytes beyond ASCII count as letters. */
static void count_words(char *bytes, size_t length) {
  size_t from = 0;
  for (size_t i = 0; i <= length; i += 1) {
    unsigned char byte = i < length ? bytes[i] : ' ';
    if (isalpha(byte) || byte >= 0x80) {
      bytes[i] = tolower(byte);
      continue;
    }
    if (i > from) count_word(bytes + from, i - from);
    from = i + 1;
  }
}

EXPORT("add") uint32_t add(char *text, size_t length) {
  count_words(text, length);
  planaria_release(text, length);
  return total;
}

static FILE *open_file(char *path, size_t length, const char *mode) {
  char *name = must(strndup(path, length));
  planaria_release(path, length);
  FILE *file = fopen(name, mode);
  free(name);
  return file;
}

static void *total_or_why(bool succeeded) {
  counted.failed = !succeeded;
  if (succeeded) counted.total = total;
  else counted.why = (planaria_string){strerror(errno), strlen(strerror(errno))};
  return &counted;
}

/* The files of an agent are as durable as its memory, and a fork has them, too. */
EXPORT("save") void *save(char *path, size_t length) {
  FILE *file = open_file(path, length, "w");
  for (size_t i = 0; file && i < word_count; i += 1) {
    for (uint32_t n = 0; n < words[i].count; n += 1) {
      fprintf(file, "%.*s\n", (int)words[i].text.length, words[i].text.bytes);
    }
  }
  return total_or_why(file && fclose(file) == 0);
}

EXPORT("add-file") void *add_file(char *path, size_t length) {
  FILE *file = open_file(path, length, "r");
  char *line = NULL;
  size_t size = 0;
  ssize_t read = -1;
  while (file && (read = getline(&line, &size, file)) >= 0) count_words(line, read);
  free(line);
  if (file) fclose(file);
  return total_or_why(file);
}

EXPORT("add-promised") void *add_promised(char *id, size_t length) {
  planaria_string created;
  planaria_outcome outcome;
  planaria_promise_create(true, id, length, false, 0, &created);
  planaria_operation operation = planaria_promise_await(id, length);
  planaria_release(created.bytes, created.length);
  planaria_release(id, length);
  /* The whole agent sleeps here, for as long as it takes. */
  planaria_await(operation, &outcome);
  counted.failed = outcome.failed;
  if (outcome.failed) {
    counted.why = outcome.text;
    return &counted;
  }
  /* JSON's own marks are no letters, so that its text can be counted as it is. */
  count_words(outcome.text.bytes, outcome.text.length);
  planaria_release(outcome.text.bytes, outcome.text.length);
  counted.total = total;
  return &counted;
}

/* Called when the host has read the result. */
EXPORT("cabi_post_add-promised") void free_why(void *result) {
  (void)result;
  if (counted.failed) planaria_release(counted.why.bytes, counted.why.length);
}

static int by_count(const void *left, const void *right) {
  const word *a = *(word **)left, *b = *(word **)right;
  if (a->count != b->count) return a->count < b->count ? 1 : -1;
  return a < b ? -1 : 1;
}

static struct {
  word *words;
  size_t count;
} ranking;

EXPORT("top") void *top(uint32_t count) {
  word **order = must(malloc((word_count + 1) * sizeof(word *)));
  for (size_t i = 0; i < word_count; i += 1) order[i] = &words[i];
  qsort(order, word_count, sizeof(word *), by_count);
  ranking.count = count < word_count ? count : word_count;
  ranking.words = must(malloc((ranking.count + 1) * sizeof(word)));
  for (size_t i = 0; i < ranking.count; i += 1) ranking.words[i] = *order[i];
  free(order);
  return &ranking;
}

EXPORT("cabi_post_top") void free_top(void *result) {
  (void)result;
  free(ranking.words);
}

static struct {
  uint32_t words;
  uint64_t at;
  struct {
    bool is_some;
    planaria_string name;
  } author;
  uint64_t number;
} receipt;

EXPORT("print-receipt") void *print_receipt(void) {
  char *author = getenv("WORDCOUNT_AUTHOR");
  receipt.words = total;
  receipt.at = time(NULL);
  receipt.author.is_some = author != NULL;
  if (author) receipt.author.name = (planaria_string){author, strlen(author)};
  if (getentropy(&receipt.number, sizeof receipt.number) != 0) abort();
  printf("%u words, %zu different ones, counted for %s\n", total, word_count, author ? author : "nobody");
  fflush(stdout);
  return &receipt;
}
