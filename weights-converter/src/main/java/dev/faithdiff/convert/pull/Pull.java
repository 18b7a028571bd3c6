package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.pull.Download.Check;
import dev.faithdiff.convert.pull.Download.Fetched;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Fetches the released files of one model, to lie in {@code .files} beside the model folder until the model is made. Models of the same
 * folder share them. While this is open no other pull works there.
 */
public final class Pull implements AutoCloseable {
    private static final String FILES = ".files", LOCK = "lock";

    private final ModelRegistry registry;
    private final String name;
    private final Path target, files;
    private final PrintStream out;
    private final FileChannel lockFile;
    private final Map<String, Fetched> fetched = new LinkedHashMap<>();

    /**
     * @param target the model folder to be made, which may hold the model as it was pulled before
     * @param out    where to say how far it is
     * @throws ConvertError if another pull is at work there
     */
    public Pull(ModelRegistry registry, String name, Path target, PrintStream out) {
        this.registry = registry;
        this.name = name;
        this.target = target.toAbsolutePath().normalize();
        this.out = out;
        files = this.target.resolveSibling(FILES);
        try {
            Files.createDirectories(files);
            lockFile = FileChannel.open(files.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            lock();
        } catch (IOException e) {
            throw new ConvertError(files, "cannot be written: " + IoReason.of(e), e);
        }
    }

    private void lock() throws IOException {
        FileLock lock;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null; // of this process
        }
        if (lock == null) {
            String holder = Files.readString(files.resolve(LOCK));
            lockFile.close();
            throw new ConvertError(files, "another pull is at work here" + (holder.matches("\\d+") ? " (process " + holder + ")" : ""));
        }
        lockFile.truncate(0).write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
    }

    /** Fetches what is not there yet. @param web null: nothing may be fetched. @throws ConvertError in one line if a file cannot be had */
    public void run(Web web) {
        ModelRegistry.Pullable model = registry.model(name);
        Pulled earlier = Pulled.read(target);
        requireSpace(model);
        TransferLine line = new TransferLine(out, registry.bytes(model));
        List<String> missing = new ArrayList<>();
        registry.sources(model).forEach((source, s) -> s.files().forEach((path, file) -> {
            String known = source + "/" + path, sum = file.sha256() != null || earlier == null ? file.sha256() : earlier.sum(known);
            Check check = sum == null ? Check.NONE : file.sha256() != null ? Check.REGISTRY : Check.EARLIER;
            Path to = files.resolve(source).resolve(path);
            Fetched there = kept(to, sum, check);
            if (there == null && web == null) missing.add(known);
            else fetched.put(known, there != null ? there : new Download(web, line, known, web.hosts().address(s, path), to, sum, check).run());
            line.done(to.toFile().length());
        }));
        if (!missing.isEmpty()) {
            String lacks = String.join(", ", missing) + (missing.size() == 1 ? " is" : " are") + " not there, or not as released";
            throw new ConvertError(files, "without a network " + name + " cannot be made: " + lacks);
        }
        line.say(name + ": all " + fetched.size() + " files are there");
    }

    /** A file that lies there from an earlier pull; null if it is not there or another one. */
    private static Fetched kept(Path file, String sum, Check check) {
        if (!Files.isRegularFile(file)) return null;
        String actual = Checksums.of(file);
        return sum == null || sum.equals(actual) ? new Fetched(actual, check) : null;
    }

    private void requireSpace(ModelRegistry.Pullable model) {
        long there = 0;
        for (var s : registry.sources(model).entrySet()) {
            for (var f : s.getValue().files().entrySet()) {
                Path file = files.resolve(s.getKey()).resolve(f.getKey());
                there += Math.min(f.getValue().bytes(), Math.max(file.toFile().length(), new PartialFile(file).size()));
            }
        }
        try {
            Download.NoSpace.check(files.resolve(LOCK), registry.bytes(model) - there + model.bytes(), name + " (files and model)");
        } catch (IOException e) {
            throw new ConvertError(files, IoReason.of(e), e);
        }
    }

    /** The arguments by which {@code convert} makes the model of the files. */
    public List<String> arguments() {
        return registry.model(name).convert().stream().map(a -> a.startsWith("@") ? files.resolve(a.substring(1)).toString() : a).toList();
    }

    /** Writes into the finished model folder what the model was made of. */
    public void record(Path folder) throws IOException {
        List<Pulled.File> all = new ArrayList<>();
        registry.sources(registry.model(name)).forEach((source, s) -> s.files().keySet().forEach(path -> {
            Fetched f = fetched.get(source + "/" + path);
            String from = Hosts.published(s, path).toString(), check = f.check().toString();
            all.add(new Pulled.File(source + "/" + path, from, f.sha256(), check, s.licence(), s.terms(), s.nonCommercial()));
        }));
        new Pulled(name, all).write(folder);
    }

    /** Deletes the files, since the model is made. */
    public void deleteFiles() {
        for (String file : fetched.keySet()) {
            for (Path at = files.resolve(file); !at.equals(files) && at.toFile().delete(); ) at = at.getParent();
        }
    }

    /** Lets others pull. An empty folder of files goes away. */
    @Override public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            return; // the lock ends with the process
        }
        String[] left = files.toFile().list();
        if (left != null && left.length == 1 && files.resolve(LOCK).toFile().delete()) files.toFile().delete();
    }
}
