package dev.faithdiff.report;

import dev.faithdiff.restore.Listener;
import java.util.LinkedHashMap;
import java.util.Map;

/** Hears of one restoration how long each stage took. What comes before the first stage is {@code prepare}. */
final class StageTimes implements Listener {
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private String stage = "prepare";
    private long begin = System.nanoTime();

    @Override public void at(String next, int step, int steps) {
        if (!next.equals(stage)) end(next);
    }

    private void end(String next) {
        long now = System.nanoTime();
        seconds.merge(stage, (now - begin) / 1e9, Double::sum);
        stage = next;
        begin = now;
    }

    /** Seconds by stage, in their order; a stage that came again counts all its times. What follows the last one's beginning is a part of it. */
    Map<String, Double> ended() {
        end("");
        return seconds;
    }
}
