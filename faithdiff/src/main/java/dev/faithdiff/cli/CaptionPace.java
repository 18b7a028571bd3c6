package dev.faithdiff.cli;

import dev.faithdiff.restore.caption.CaptionListener;
import java.util.Locale;

/** How fast a captioner reads and writes. */
final class CaptionPace implements CaptionListener {
    private long seen, read, begun, last;
    private int prompt, written;

    @Override public void at(Phase phase, int tokens) {
        last = System.nanoTime();
        switch (phase) {
            case SEE -> seen = last;
            case READ -> {
                read = last;
                prompt = tokens;
            }
            case WRITE -> {
                if (tokens == 1) begun = last; // the first token is what the prompt's last one gives
                written = tokens;
            }
        }
    }

    /** In one line; null of a captioner that tells nothing. */
    String line() {
        if (written == 0) return null;
        double seconds = (last - begun) / 1e9;
        String line = String.format(Locale.ROOT, "saw the photo in %.1f s, read %d tokens of the prompt in %.1f s, wrote %d tokens",
                (read - seen) / 1e9, prompt, (begun - read) / 1e9, written);
        return written == 1 ? line : line + String.format(Locale.ROOT, " in %.1f s: %.2f tokens/s", seconds, (written - 1) / seconds);
    }
}
