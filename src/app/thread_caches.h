// The C library's caches of free memory, of which each thread has its own.
#pragma once

namespace tocsin::app {

// Makes them hold a document's worth of pieces, so that documents are built and dropped without the heap's own, slower
// bookkeeping. glibc takes this at the start of a program only, from its environment, so the program begins itself
// anew, once, in the same process; where that cannot be, it goes on as it is. What the environment says of it already
// is kept, and put back in the second start. To be called before anything else is done. See docs/decisions.
void widen_thread_caches(char** argv);

}  // namespace tocsin::app
