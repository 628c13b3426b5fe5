// A library that is loaded and unloaded. Two of them differ in the name only, so that both get the same addresses.

extern "C" unsigned long NAME(unsigned long units) {
    unsigned long x = units;
    for (unsigned long at = 0; at != units; ++at) {
        x = x * 6364136223846793005UL + at;
        asm volatile("" : "+r"(x));
    }
    return x;
}
