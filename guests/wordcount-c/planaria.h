/*
 * Planaria for C: what `planaria:host@0.1.0` offers to a component of world `blocking`, but for HTTP.
 *
 * The canonical ABI lays records and variants out as C does, so that each import is a declaration. What is not called is
 * not imported; of what is, the world has to import the interface. Strings are not terminated; those that the host hands
 * over, arguments included, are the guest's to release.
 */
#ifndef PLANARIA_H
#define PLANARIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define PLANARIA_IMPORT(interface, name) \
  __attribute__((import_module("planaria:host/" interface "@0.1.0"), import_name(name)))

typedef struct {
  char *bytes;
  size_t length;
} planaria_string;

typedef uint32_t planaria_operation;

/* `text` is JSON: the value, or if `failed`, an object with `name`, `message` and perhaps `code`. */
typedef struct {
  bool failed;
  planaria_string text;
} planaria_outcome;

/* What the host puts strings and lists into. */
__attribute__((weak, export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                      size_t size) {
  if (size == 0) return (void *)align;
  void *bytes = realloc(old_size ? old : NULL, size);
  if (!bytes) abort();
  return bytes;
}

/* An empty string has no memory of its own. */
static inline void planaria_release(const char *bytes, size_t length) {
  if (length > 0) free((void *)bytes);
}

/* operation */
PLANARIA_IMPORT("operation", "await") void planaria_await(planaria_operation operation, planaria_outcome *outcome);
PLANARIA_IMPORT("operation", "select") planaria_operation planaria_select(const planaria_operation *all, size_t count);
PLANARIA_IMPORT("operation", "cancel") void planaria_cancel(planaria_operation operation);

/* promise; where there is no `id`, one is made; where there is no `timeout`, it never times out */
PLANARIA_IMPORT("promise", "create")
void planaria_promise_create(bool has_id, const char *id, size_t length, bool has_timeout, uint64_t timeout_ms,
                             planaria_string *created);
PLANARIA_IMPORT("promise", "await") planaria_operation planaria_promise_await(const char *id, size_t length);
PLANARIA_IMPORT("promise", "complete")
planaria_operation planaria_promise_complete(const char *id, size_t length, const char *json, size_t json_length);
PLANARIA_IMPORT("promise", "reject")
planaria_operation planaria_promise_reject(const char *id, size_t length, const char *json, size_t json_length);
PLANARIA_IMPORT("promise", "cancel") planaria_operation planaria_promise_cancel(const char *id, size_t length);

/* rpc; a structure that is all zero but for its strings is a call that is awaited */
typedef struct {
  bool is_triggered;
  struct { bool is_some; uint64_t at; } at;
  struct { bool is_some; planaria_string key; } key;
  struct { bool is_some; planaria_string target; } target;
  struct { bool is_some; uint64_t ms; } timeout;
  struct {
    bool is_some;
    struct {
      uint32_t attempts;
      uint64_t first_ms;
      double factor;
      uint64_t most_ms;
      double jitter;
      struct { planaria_string *items; size_t count; } only, never;
    } policy;
  } retry;
} planaria_call_options;
typedef struct {
  planaria_string agent, method, args;
  planaria_call_options options;
} planaria_agent_call;
typedef struct {
  planaria_string name, args;
  planaria_call_options options;
} planaria_function_call;
PLANARIA_IMPORT("rpc", "call-agent") planaria_operation planaria_call_agent(const planaria_agent_call *call);
PLANARIA_IMPORT("rpc", "call-function") planaria_operation planaria_call_function(const planaria_function_call *call);
PLANARIA_IMPORT("rpc", "delete-agent")
planaria_operation planaria_delete_agent(const char *agent, size_t length, bool tree);

/* fork, time, random, log */
PLANARIA_IMPORT("fork", "fork") planaria_operation planaria_fork(void);
PLANARIA_IMPORT("time", "now") uint64_t planaria_now(void);
PLANARIA_IMPORT("time", "sleep") planaria_operation planaria_sleep(uint64_t ms);
PLANARIA_IMPORT("random", "bytes") void planaria_random_bytes(uint32_t count, planaria_string *drawn);
enum { PLANARIA_DEBUG, PLANARIA_INFO, PLANARIA_WARN, PLANARIA_ERROR };
PLANARIA_IMPORT("log", "log") void planaria_log(uint32_t level, const char *message, size_t length);

#endif
