package dev.faithdiff.train;

/** Seeds made of numbers that name what is drawn, such as run, stage and step, so no generator's state is stored. */
final class Seeds {
    private Seeds() {}

    /** Equal parts give equal seeds, other parts unrelated ones (SplitMix64's finisher, Steele et al. 2014). */
    static long of(long... parts) {
        long h = 0;
        for (long part : parts) {
            h += part + 0x9e3779b97f4a7c15L;
            h = (h ^ h >>> 30) * 0xbf58476d1ce4e5b9L;
            h = (h ^ h >>> 27) * 0x94d049bb133111ebL;
            h ^= h >>> 31;
        }
        return h;
    }
}
