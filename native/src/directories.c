// Files by their name in an open directory, and whole directories in few calls: what Node can only reach through /proc.
#include "addon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// One record of an entry; the order is that of src/storage/local/native-records.ts.
enum { KIND, MODE, SIZE, MTIME_MS, ATIME_MS, UID, GID, LINKS, DEVICE, INODE, FIELDS };
enum { KIND_MISSING, KIND_FILE, KIND_DIRECTORY, KIND_SYMLINK, KIND_OTHER };

// What one system call may bring of a directory; a small part of what a stack has.
#define DIRENTS_BYTES 16384

// Room for the longest name, and for one character more, so that what was cut off is noticed: none is cut in two.
typedef char name[NAME_MAX + 4 + 1];

// One plain name of a directory entry: never a way through another directory.
static bool take_name(const arguments *given, size_t index, name into) {
  size_t length = 0;
  napi_value value = given->values[index];
  errno = EINVAL;
  if (napi_get_value_string_utf8(given->env, value, into, sizeof(name), &length) != napi_ok) return false;
  if (length == 0 || strlen(into) != length || strchr(into, '/') != NULL || strcmp(into, "..") == 0) return false;
  errno = ENAMETOOLONG;
  return length <= NAME_MAX;
}

static double *record_at(const arguments *given, size_t index, size_t *count) {
  napi_typedarray_type type;
  void *data = NULL;
  size_t length = 0;
  *count = 0;
  napi_status status =
      napi_get_typedarray_info(given->env, given->values[index], &type, &length, &data, NULL, NULL);
  if (status != napi_ok || type != napi_float64_array || length < FIELDS) return NULL;
  *count = length / FIELDS;
  return data;
}

// Rounded, so that a time that was set in milliseconds is read as it was set; from a double as in Node, which loses the last
// nanoseconds before it rounds.
static double milliseconds(struct timespec time) {
  double exact = (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1000000 + 0.5;
  double whole = (double)(int64_t)exact;
  return whole > exact ? whole - 1 : whole;
}

static double kind_of(mode_t mode) {
  if (S_ISREG(mode)) return KIND_FILE;
  if (S_ISDIR(mode)) return KIND_DIRECTORY;
  return S_ISLNK(mode) ? KIND_SYMLINK : KIND_OTHER;
}

static void write_record(const struct stat *found, double *record) {
  record[KIND] = kind_of(found->st_mode);
  record[MODE] = found->st_mode & 07777;
  record[SIZE] = (double)found->st_size;
  record[MTIME_MS] = milliseconds(found->st_mtim);
  record[ATIME_MS] = milliseconds(found->st_atim);
  record[UID] = found->st_uid;
  record[GID] = found->st_gid;
  record[LINKS] = (double)found->st_nlink;
  record[DEVICE] = (double)found->st_dev;
  record[INODE] = (double)found->st_ino;
}

// lstatAt(directory, name, record)
static napi_value lstat_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  name wanted;
  size_t count;
  double *record = record_at(&given, 2, &count);
  struct stat found;
  if (record == NULL) return refused(env, EINVAL);
  if (!take_name(&given, 1, wanted)) return answer(env, -1);
  if (fstatat((int)integer_at(&given, 0), wanted, &found, AT_SYMLINK_NOFOLLOW) < 0) return answer(env, -1);
  write_record(&found, record);
  return answer(env, 0);
}

// fstatInto(fd, record)
static napi_value fstat_into(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t count;
  double *record = record_at(&given, 1, &count);
  struct stat found;
  if (record == NULL) return refused(env, EINVAL);
  if (fstat((int)integer_at(&given, 0), &found) < 0) return answer(env, -1);
  write_record(&found, record);
  return answer(env, 0);
}

// openAt(directory, name, flags, mode)
static napi_value open_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  name wanted;
  if (!take_name(&given, 1, wanted)) return answer(env, -1);
  int flags = (int)integer_at(&given, 2) | O_CLOEXEC;
  return answer(env, openat((int)integer_at(&given, 0), wanted, flags, (mode_t)integer_at(&given, 3)));
}

// writeAt(fd, bytes, position)
static napi_value write_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length;
  uint8_t *bytes = bytes_at(&given, 1, &length);
  if (bytes == NULL) return refused(env, EINVAL);
  ssize_t written;
  do {
    written = pwrite((int)integer_at(&given, 0), bytes, length, integer_at(&given, 2));
  } while (written < 0 && errno == EINTR);
  return answer(env, written);
}

// unlinkAt(directory, name)
static napi_value unlink_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  name wanted;
  if (!take_name(&given, 1, wanted)) return answer(env, -1);
  return answer(env, unlinkat((int)integer_at(&given, 0), wanted, 0));
}

// renameAt(from, name, to, newName)
static napi_value rename_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  name from, to;
  if (!take_name(&given, 1, from) || !take_name(&given, 3, to)) return answer(env, -1);
  return answer(env, renameat((int)integer_at(&given, 0), from, (int)integer_at(&given, 2), to));
}

// renameNewAt(from, name, to, newName): fails with EEXIST where the new name is taken, in one step.
static napi_value rename_new_at(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  name from, to;
  if (!take_name(&given, 1, from) || !take_name(&given, 3, to)) return answer(env, -1);
  int from_directory = (int)integer_at(&given, 0), to_directory = (int)integer_at(&given, 2);
  return answer(env, syscall(SYS_renameat2, from_directory, from, to_directory, to, RENAME_NOREPLACE));
}

// Strict, as decoders are: no surrogates, nothing longer than it needs to be, nothing above U+10FFFF.
static bool is_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint8_t first = *at++;
    if (first < 0x80) continue;
    size_t more = first >= 0xc2 && first <= 0xdf ? 1 : (first & 0xf0) == 0xe0 ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0;
    if (more == 0 || (size_t)(end - at) < more) return false;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (*at < low || *at > high) return false;
    for (size_t index = 1; index < more; index += 1)
      if ((at[index] & 0xc0) != 0x80) return false;
    at += more;
  }
  return true;
}

static bool is_listed(const char *text, size_t length) {
  if (text[0] == '.' && (length == 1 || (length == 2 && text[1] == '.'))) return false;
  return is_utf8((const uint8_t *)text, (const uint8_t *)text + length);
}

// readNames(fd, into): the next names of a directory that is open for reading, a NUL behind each; bytes, 0 at the end.
// Never `.` and `..`, nor names that are not UTF-8: no client could ask for them.
static napi_value read_names(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t room;
  uint8_t *into = bytes_at(&given, 1, &room);
  _Alignas(struct dirent64) char dirents[DIRENTS_BYTES];
  size_t used = 0;
  if (into == NULL || room < DIRENTS_BYTES) return refused(env, EINVAL);
  // A name takes less room than its dirent, so whatever comes fits.
  while (room - used >= DIRENTS_BYTES) {
    long bytes = syscall(SYS_getdents64, (int)integer_at(&given, 0), dirents, sizeof dirents);
    // A directory that was removed has no names any more.
    if (bytes < 0 && errno != ENOENT) return answer(env, -1);
    if (bytes <= 0) break;
    for (long at = 0; at < bytes;) {
      struct dirent64 *entry = (struct dirent64 *)(dirents + at);
      size_t length = strlen(entry->d_name);
      at += entry->d_reclen;
      if (!is_listed(entry->d_name, length)) continue;
      memcpy(into + used, entry->d_name, length + 1);
      used += length + 1;
    }
  }
  return answer(env, (int64_t)used);
}

static int64_t microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// After an lstat that failed: true where the name is gone, or cannot be described by itself, such as the place of a file
// system that has died; false where the directory can be asked for none of its names.
static bool is_names_own(int directory) {
  struct stat found;
  if (errno == ENOENT) return true;
  int error = errno;
  bool can_be_asked = fstatat(directory, ".", &found, AT_SYMLINK_NOFOLLOW) == 0;
  errno = error;
  return can_be_asked;
}

// lstatNames(directory, names, skip, records, microseconds): describes names as readNames gives them, all but the first
// `skip`, until the records are full or the time is over; at least one. How many: 0 when none is left.
static napi_value lstat_names(napi_env env, napi_callback_info info) {
  arguments given = take_arguments(env, info);
  size_t length, records;
  const char *at = (const char *)bytes_at(&given, 1, &length);
  double *record = record_at(&given, 3, &records);
  if (at == NULL || record == NULL || (length > 0 && at[length - 1] != '\0')) return refused(env, EINVAL);
  const char *end = at + length;
  for (int64_t skip = integer_at(&given, 2); skip > 0 && at < end; skip -= 1) at += strlen(at) + 1;
  int directory = (int)integer_at(&given, 0);
  int64_t until = microseconds() + integer_at(&given, 4);
  size_t count = 0;
  while (at < end && count < records) {
    struct stat found;
    if (fstatat(directory, at, &found, AT_SYMLINK_NOFOLLOW) == 0) write_record(&found, record);
    else if (is_names_own(directory)) record[KIND] = KIND_MISSING;
    else if (count == 0) return answer(env, -1);
    else break;
    at += strlen(at) + 1;
    record += FIELDS;
    count += 1;
    if (microseconds() >= until) break;
  }
  return answer(env, (int64_t)count);
}

// timesWaited(): how often this thread has given up the CPU because it had to wait, for a disk or a lock.
static napi_value times_waited(napi_env env, napi_callback_info info) {
  (void)info;
  struct rusage usage;
  int done = getrusage(RUSAGE_THREAD, &usage);
  return answer(env, done < 0 ? -1 : usage.ru_nvcsw);
}

void add_directories(napi_env env, napi_value exports) {
  add_function(env, exports, "lstatAt", lstat_at);
  add_function(env, exports, "fstatInto", fstat_into);
  add_function(env, exports, "openAt", open_at);
  add_function(env, exports, "writeAt", write_at);
  add_function(env, exports, "unlinkAt", unlink_at);
  add_function(env, exports, "renameAt", rename_at);
  add_function(env, exports, "renameNewAt", rename_new_at);
  add_function(env, exports, "readNames", read_names);
  add_function(env, exports, "lstatNames", lstat_names);
  add_function(env, exports, "timesWaited", times_waited);
}
