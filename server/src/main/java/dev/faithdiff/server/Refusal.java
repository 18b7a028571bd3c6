package dev.faithdiff.server;

/** Why a request is refused: the status of HTTP, and one line. */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status, retryAfter;

    public Refusal(int status, String line) { this(status, line, 0); }

    /** @param retryAfter seconds after which it may be tried again; 0: it says nothing of that */
    public Refusal(int status, String line, int retryAfter) {
        super(line);
        this.status = status;
        this.retryAfter = retryAfter;
    }

    public int status() { return status; }

    int retryAfter() { return retryAfter; }
}
