package dev.faithdiff.quality.study;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.tensor.io.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What makes a result of a bad photo in a study.
 *
 * @param model   folder of a model; null where the kind needs none
 * @param initial folder of a first stage; null: the one that the model names; empty: none
 * @param options of the restorer by name, as users write them
 * @param seeds   one result for each
 * @param axis    the option that varies where the study file lists several values; null: none does
 * @param value   of the option that varies
 */
public record StudySystem(String name, Kind kind, Path model, Path initial, Map<String, String> options, List<Long> seeds, String axis,
        double value) {
    static final Path NO_INITIAL = Path.of("");

    /** Ways to make a result. */
    public enum Kind {
        /** A model restores the bad photo. */
        MODEL,
        /** The bad photo, enlarged, through a model's autoencoder. */
        AUTOENCODER,
        /** The bad photo, enlarged. */
        BICUBIC,
        /** The bad photo as it is, at scale 1. */
        IDENTITY,
        /** The good photo: what measures without a reference say of it. */
        ORIGINAL;

        boolean needsModel() { return this == MODEL || this == AUTOENCODER; }

        /** @throws IllegalArgumentException naming all, if none has the name */
        static Kind named(String name) {
            for (Kind k : values()) if (k.toString().equals(name)) return k;
            throw new IllegalArgumentException("there is no kind of system '" + name + "', only "
                    + Arrays.stream(values()).map(Kind::toString).collect(Collectors.joining(", ")));
        }

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** A system at work; its restorer is null where the kind needs none. */
    record Opened(StudySystem system, Restorer restorer, Options options, int scale) implements AutoCloseable {
        Image result(Image bad, Image good, long seed) {
            return switch (system.kind) {
                case MODEL -> restorer.restore(bad, seeded(seed));
                case AUTOENCODER -> restorer.throughAutoencoder(enlarged(bad)).orElseThrow();
                case BICUBIC -> enlarged(bad);
                case IDENTITY -> bad;
                case ORIGINAL -> good;
            };
        }

        private Options seeded(long seed) {
            return restorer.options().contains(CommonOptions.SEED) ? options.with(CommonOptions.SEED, seed) : options;
        }

        private Image enlarged(Image bad) {
            return scale == 1 ? bad : Resize.resize(bad, scale * bad.width(), scale * bad.height(), Filter.BICUBIC);
        }

        @Override public void close() { if (restorer != null) restorer.close(); }
    }

    /** Checks names and values of options, as far as that goes without the model. @throws IllegalArgumentException in one line */
    void check() {
        options.forEach((name, text) -> {
            List<Option<?>> known = Restorers.options().stream().filter(o -> o.name().equals(name)).toList();
            boolean isOfStudy = name.equals(CommonOptions.SEED.name()) || ResultSize.OPTIONS.stream().anyMatch(o -> o.name().equals(name));
            if (isOfStudy) throw new IllegalArgumentException("the study's 'scale' and a system's 'seeds' stand for the option " + name);
            if (known.isEmpty()) throw new IllegalArgumentException("there is no option '" + name + "' of restorers");
            Options.defaults().parsed(known, text);
        });
    }

    /** Opens the model. @throws RuntimeException in one line if it is missing, damaged or lacks an option */
    Opened open(Compute on, int scale) {
        if (!kind.needsModel()) return new Opened(this, null, null, scale);
        Restorer restorer = initial == null ? Restorers.open(model, on)
                : initial.equals(NO_INITIAL) ? Restorers.alone(model, on) : Restorers.open(initial, model, on);
        try {
            Options all = restorer.defaults().with(CommonOptions.SCALE, (double) scale);
            for (var option : options.entrySet()) {
                List<Option<?>> own = restorer.options().stream().filter(o -> o.name().equals(option.getKey())).toList();
                if (own.isEmpty()) throw new IllegalArgumentException("this model has no option " + option.getKey());
                all = all.parsed(own, option.getValue());
            }
            restorer.check(all);
            if (kind == Kind.AUTOENCODER && restorer.throughAutoencoder(Image.of(64, 64, Image.blank(64, 64))).isEmpty()) {
                throw new IllegalArgumentException("this model has no autoencoder");
            }
            return new Opened(this, restorer, all, scale);
        } catch (Throwable e) {
            restorer.close();
            throw e;
        }
    }

    /** How many numbers the files of the networks at work hold. @throws RuntimeException if they cannot be read */
    public long parameters() {
        if (!kind.needsModel()) return 0;
        Path first = initial == null ? Restorers.initial(model) : initial.equals(NO_INITIAL) ? null : initial;
        if (kind == Kind.AUTOENCODER) return numbers(Files.isDirectory(model.resolve("vae")) ? model.resolve("vae") : model);
        if (first == null) return numbers(model);
        return numbers(first) + ("fast".equals(options.get("quality")) ? 0 : numbers(model));
    }

    private static long numbers(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            long sum = 0;
            for (Path file : all.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
                try (SafeTensors tensors = SafeTensors.open(file)) {
                    sum += tensors.entries().values().stream().mapToLong(e -> e.shape().count()).sum();
                }
            }
            return sum;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
