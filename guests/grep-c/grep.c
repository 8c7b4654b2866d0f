/* Prints the lines that have a text in them, as grep does: `grep [-c] TEXT [FILE…]`, or of standard input. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_text(const char *line, const char *text, bool is_case_ignored) {
  size_t length = strlen(text);
  for (; strlen(line) >= length; line += 1) {
    if (is_case_ignored ? strncasecmp(line, text, length) == 0 : strncmp(line, text, length) == 0) return true;
  }
  return false;
}

static size_t grep(FILE *file, const char *name, const char *text, bool is_counted, bool is_case_ignored) {
  size_t count = 0, size = 0;
  char *line = NULL;
  while (getline(&line, &size, file) >= 0) {
    line[strcspn(line, "\n")] = 0;
    if (!has_text(line, text, is_case_ignored)) continue;
    count += 1;
    if (!is_counted) printf("%s%s%s\n", name, *name ? ":" : "", line);
  }
  free(line);
  if (is_counted) printf("%s%s%zu\n", name, *name ? ":" : "", count);
  return count;
}

int main(int argc, char **argv) {
  /* `yes` to take upper and lower case for the same. */
  const char *said = getenv("GREP_IGNORE_CASE");
  bool is_case_ignored = said && strcmp(said, "yes") == 0;
  bool is_counted = argc > 1 && strcmp(argv[1], "-c") == 0;
  char **rest = argv + 1 + is_counted;
  if (rest >= argv + argc) {
    fprintf(stderr, "usage: grep [-c] TEXT [FILE…]\n");
    return 2;
  }
  const char *text = *rest++;
  if (rest == argv + argc) return grep(stdin, "", text, is_counted, is_case_ignored) ? 0 : 1;
  size_t count = 0;
  bool failed = false, are_named = argv + argc - rest > 1;
  for (; rest < argv + argc; rest += 1) {
    FILE *file = fopen(*rest, "r");
    if (!file) {
      failed = true;
      fprintf(stderr, "grep: ");
      perror(*rest);
      continue;
    }
    count += grep(file, are_named ? *rest : "", text, is_counted, is_case_ignored);
    fclose(file);
  }
  return failed ? 2 : count ? 0 : 1;
}
