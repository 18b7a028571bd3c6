package dev.faithdiff.server.job;

import dev.faithdiff.cli.Main;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.server.DeviceLock;
import dev.faithdiff.server.job.Restoration.Order;
import dev.faithdiff.server.job.Restoration.Result;
import dev.faithdiff.server.job.Restoration.State;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * All restorations: those that wait, the one that runs, and those that ended. One worker restores on the device. What waits when the process ends
 * goes on with the next one, and what ran begins anew; a photo with which the process ended twice has failed.
 */
public final class Restorations implements AutoCloseable {
    private static final int MOST_ATTEMPTS = 3, SMALL = 320;

    /**
     * What they may take.
     *
     * @param queued  photos that may wait
     * @param seconds that a restoration may take
     * @param hours   for which a result is kept
     * @param bytes   that photos and results may take on the disk; the oldest go first
     * @param grace   seconds that the running restoration has when the server is stopped
     */
    public record Room(int queued, int seconds, int hours, long bytes, int grace) {}

    private static final SecureRandom RANDOM = new SecureRandom();

    private final RestorationStore store;
    private final Map<String, ServedModel> models;
    private final Room room;
    private final DeviceLock device;
    private final BiConsumer<Restoration, Double> ended;
    private final FairQueue queue;
    private final Changes changes = new Changes();
    private final Map<String, RunProgress> progress = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor clock =
            new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("restorations-clock").factory());
    private final Thread worker = new Thread(this::work, "restorations");
    private Restorer open; // the worker's alone
    private String openName;
    private String running, doomed; // doomed: cancelled between queue and worker
    private State wanted; // why the running one was interrupted; null: it was not
    private volatile boolean stopping;
    private volatile double meanSeconds = 1;

    /** @param models by name, the default first. @param ended hears of each that ended, and the seconds it ran */
    public Restorations(RestorationStore store, Map<String, ServedModel> models, Room room, DeviceLock device,
            BiConsumer<Restoration, Double> ended) {
        this.store = store;
        this.models = models;
        this.room = room;
        this.device = device;
        this.ended = ended;
        queue = new FairQueue(room.queued);
        clock.setRemoveOnCancelPolicy(true); // else a restoration is remembered for as long as it might have taken
    }

    /** Takes up what an earlier process left, and begins. */
    public void start() {
        store.deleteStrays();
        for (Restoration r : store.open()) {
            if (r.state() == State.RUNNING && r.attempts() >= MOST_ATTEMPTS - 1) {
                put(r.failed("the server ended " + r.attempts() + " times while it restored this photo"));
                continue;
            }
            put(r.queued(r.attempts()));
            queue.add(r.order().client(), r.id(), true);
        }
        worker.start();
        clock.scheduleWithFixedDelay(this::expire, 1, 60, TimeUnit.SECONDS);
    }

    public RestorationStore store() { return store; }

    public Changes changes() { return changes; }

    public Map<String, ServedModel> models() { return models; }

    /** Null unless it runs. */
    public RunProgress progress(String id) { return progress.get(id); }

    /** Those that wait, in the order of their turns. */
    public List<String> waiting() { return queue.order(); }

    public boolean isStopping() { return stopping; }

    /** Whether the worker is there. */
    public boolean isWorking() { return worker.isAlive(); }

    /** After how many seconds a quarter of the queue is done, by the last restorations; 1 to 60. */
    public int secondsToWait() { return (int) Math.clamp(Math.ceil(meanSeconds * Math.max(1, queue.size() / 4)), 1, 60); }

    /** Queues a photo. @throws FairQueue.Full if there is no room, which {@link #isFull} tells */
    public Restoration add(Order order, byte[] file, Image visible) throws IOException {
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        Restoration r = Restoration.of(HexFormat.of().formatHex(random), order);
        store.write(r.id(), RestorationStore.PHOTO, file);
        store.write(r.id(), RestorationStore.SMALL, RunProgress.small(visible, SMALL));
        try {
            put(r);
            queue.add(order.client(), r.id(), false);
        } catch (FairQueue.Full e) {
            store.delete(r.id());
            throw e;
        }
        return r;
    }

    /** Whether a restoration was refused for want of room in the queue. */
    public static boolean isFull(RuntimeException e) { return e instanceof FairQueue.Full; }

    /** Whether the queue is full now, before a photo is read. */
    public boolean isFull() { return queue.size() >= room.queued; }

    /** Ends one that waits or runs; deletes one that ended. @return what it is now; null if it is deleted or there is none */
    public Restoration cancel(String id) {
        Restoration r;
        synchronized (this) {
            r = store.get(id);
            if (r == null) return null;
            if (id.equals(running)) {
                wanted = State.CANCELLED;
                worker.interrupt();
                return r;
            }
            if (!r.state().isEnded() && queue.remove(id)) {
                r = r.cancelled();
                put(r);
                return r;
            }
            if (!r.state().isEnded()) {
                doomed = id;
                return r;
            }
        }
        store.delete(id);
        changes.add(id);
        return null;
    }

    private void put(Restoration r) {
        store.put(r);
        changes.add(r.id());
    }

    private void work() {
        try {
            for (String id; (id = queue.take()) != null; ) {
                Restoration r = store.get(id);
                if (r == null || r.state() != State.QUEUED) continue;
                try {
                    begin(r.running());
                } catch (RuntimeException e) { // the disk is full, for example: the others may still be restored
                    System.err.println("faithdiff: " + id + ": " + e.getMessage());
                    progress.remove(id);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (open != null) open.close();
        }
    }

    private void begin(Restoration r) {
        RunProgress heard = new RunProgress(() -> changes.add(r.id()), changes::isWatched);
        progress.put(r.id(), heard);
        put(r); // nothing may interrupt this thread while it writes the database: that would close its file
        synchronized (this) {
            running = r.id();
            wanted = r.id().equals(doomed) ? State.CANCELLED : null;
            if (wanted != null) worker.interrupt();
        }
        var timer = clock.schedule(() -> interrupt(r.id(), State.FAILED), room.seconds, TimeUnit.SECONDS);
        long begun = System.nanoTime();
        Restoration now;
        try {
            now = device.with(() -> r.done(restored(r, heard)));
        } catch (CancellationException | InterruptedException e) {
            now = null;
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            now = r.failed(Main.reason(e));
        }
        timer.cancel(false);
        State why;
        synchronized (this) {
            running = null;
            why = wanted;
            if (why != null) now = null; // whatever the interrupt did to its files
            Thread.interrupted();
        }
        progress.remove(r.id());
        if (now == null) now = why == State.CANCELLED ? r.cancelled() : why == State.FAILED
                ? r.failed("it took longer than " + room.seconds + " s") : r.queued(r.attempts() - 1); // the server stops
        double seconds = (System.nanoTime() - begun) / 1e9;
        if (now.state() == State.DONE) meanSeconds = 0.5 * (meanSeconds + seconds);
        put(now);
        if (now.state().isEnded()) ended.accept(now, seconds);
    }

    private synchronized void interrupt(String id, State why) {
        if (!id.equals(running)) return;
        wanted = why;
        worker.interrupt();
    }

    private Result restored(Restoration r, RunProgress heard) {
        long begin = System.nanoTime();
        ServedModel model = models.get(r.order().model());
        if (model == null) throw new IllegalStateException("the model " + r.order().model() + " is no longer served");
        Photo photo = photo(r);
        Restorer restorer = opened(model);
        Options options = model.options(r.order().options());
        ResultSettings settings = model.settings(options);
        Image restored = restorer.restore(photo.visible(), options, heard);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<String> remarks = ImageFiles.write(Batch.result(photo, restored, settings, r.order().metadata()), out, new Encoding(ImageFormat.PNG));
        try {
            store.write(r.id(), RestorationStore.RESULT, out.toByteArray());
        } catch (IOException e) {
            throw new IllegalStateException("cannot keep the result: " + ImageFiles.reason(e), e);
        }
        List<String> all = new ArrayList<>(photo.remarks());
        all.addAll(heard.warnings());
        all.addAll(remarks);
        return new Result(restored.width(), restored.height(), (System.nanoTime() - begin) / 1e9, settings.values(), all);
    }

    /** The photo of a restoration, as it came. */
    public Photo photo(Restoration r) {
        try {
            return ImageFiles.readPhoto(Files.readAllBytes(store.file(r.id(), RestorationStore.PHOTO)), r.order().name(), false);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the photo: " + ImageFiles.reason(e), e);
        }
    }

    /** One model is open at a time: large ones fill the memory. */
    private Restorer opened(ServedModel model) {
        if (open != null && model.name().equals(openName)) return open;
        if (open != null) open.close();
        open = null;
        open = model.open();
        openName = model.name();
        return open;
    }

    private void expire() {
        try {
            for (Restoration r : store.expired(System.currentTimeMillis() - room.hours * 3_600_000L, room.bytes)) {
                store.delete(r.id());
                changes.add(r.id());
            }
        } catch (RuntimeException e) {
            System.err.println("faithdiff: cannot clear up: " + e.getMessage());
        }
    }

    /** Takes no more, gives the running one its grace, and leaves it and what waits to the next process. */
    @Override public void close() {
        stopping = true;
        queue.close();
        changes.wake();
        try {
            worker.join(Duration.ofSeconds(room.grace));
            synchronized (this) {
                if (running != null) worker.interrupt();
            }
            worker.join(30_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        clock.shutdownNow();
        store.close();
    }
}
