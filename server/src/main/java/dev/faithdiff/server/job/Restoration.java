package dev.faithdiff.server.job;

import java.util.List;
import java.util.Map;

/**
 * What was asked for, and what became of it. It is kept as JSON, and does not hold what changes within a run.
 *
 * @param id       24 digits, hexadecimal
 * @param created  milliseconds since 1970
 * @param ended    milliseconds since 1970; 0 while it is queued or running
 * @param attempts how often it was begun
 * @param result   null until it is done
 * @param error    why it failed, in one line; else null
 */
public record Restoration(String id, Order order, State state, long created, long ended, int attempts, Result result, String error) {
    /** What becomes of a restoration. */
    public enum State {
        QUEUED, RUNNING, DONE, FAILED, CANCELLED;

        public boolean isEnded() { return ordinal() > RUNNING.ordinal(); }
    }

    /**
     * What was asked for.
     *
     * @param client   who asked, for turns
     * @param name     of the photo's file, without a folder
     * @param model    its name
     * @param options  texts by the options' names, as they were given
     * @param metadata whether the result keeps the photo's
     * @param width    of the photo in pixels
     * @param height   of the photo in pixels
     */
    public record Order(String client, String name, String model, Map<String, String> options, boolean metadata, int width, int height) {}

    /** A result. @param settings as a result's metadata has them @param warnings sentences */
    public record Result(int width, int height, double seconds, Map<String, Object> settings, List<String> warnings) {}

    static Restoration of(String id, Order order) { return new Restoration(id, order, State.QUEUED, System.currentTimeMillis(), 0, 0, null, null); }

    /** Queued again. @param begun attempts that count */
    Restoration queued(int begun) { return new Restoration(id, order, State.QUEUED, created, 0, begun, null, null); }

    Restoration running() { return new Restoration(id, order, State.RUNNING, created, 0, attempts + 1, null, null); }

    Restoration done(Result r) { return new Restoration(id, order, State.DONE, created, System.currentTimeMillis(), attempts, r, null); }

    Restoration failed(String why) { return new Restoration(id, order, State.FAILED, created, System.currentTimeMillis(), attempts, null, why); }

    Restoration cancelled() { return new Restoration(id, order, State.CANCELLED, created, System.currentTimeMillis(), attempts, null, null); }
}
