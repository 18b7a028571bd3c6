package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where the parts of a released checkpoint lie.
 *
 * @param sdxl      a folder in diffusers layout, or a single file
 * @param vae       a folder, a file, or null for the VAE inside the single file
 * @param faithdiff the file with FaithDiff's weights
 * @param numbers   {@code faithdiff_config.json}, null if the release has none
 * @param tokenizer folder of the tokenizers for a single file, or null
 * @param config    diffusers folder whose configurations count for a single file, or null
 */
public record SourceFolder(Path sdxl, Path vae, Path faithdiff, Path numbers, Path tokenizer, Path config) {
    private static final List<String> TORCH = List.of(".bin", ".pt", ".pth");
    private static final List<String> SINGLE = List.of(".safetensors", ".ckpt");

    /** Finds all parts in one folder. */
    static SourceFolder find(Path source) { return new SourceFolder(null, null, null, null, null, null).completed(source); }

    /**
     * Keeps the parts that are given and finds the others by what files and folders hold.
     *
     * @param source the folder to search, or null
     * @throws ConvertError if a part is not found, or found more than once
     */
    public SourceFolder completed(Path source) {
        if (source != null && !Files.isDirectory(source)) throw new ConvertError(source, "is not a folder");
        Path base = sdxl != null ? sdxl : findSdxl(source, "--sdxl", null);
        Path fine = faithdiff != null ? faithdiff : findFaithDiff(source, base);
        for (Path p : new Path[] {base, fine, vae}) if (p != null && !Files.exists(p)) throw new ConvertError(p, "does not exist");
        Path own = vae != null ? vae : findVae(source, base, fine), config = fine.resolveSibling("faithdiff_config.json");
        return new SourceFolder(base, own, fine, Files.exists(config) ? config : null, tokenizer, this.config);
    }

    /** The SDXL in a folder. @param flag names one otherwise @param not a file that is none; may be null */
    static Path findSdxl(Path source, String flag, Path not) {
        List<Path> folders = around(source).filter(p -> Files.exists(p.resolve("unet/config.json"))).toList();
        if (!folders.isEmpty() || source == null) return only(source, flag, "folder with unet/config.json", folders);
        List<Path> files = files(source, SINGLE).filter(p -> !p.equals(not) && isSingleFile(p)).toList();
        return only(source, flag, "folder with unet/config.json and no single-file SDXL checkpoint", files);
    }

    private static boolean isSingleFile(Path file) {
        try (WeightFile f = WeightFile.open(file)) {
            return Architecture.of(f.tensors()) == Architecture.SDXL_FILE;
        }
    }

    private static Path findFaithDiff(Path source, Path sdxl) {
        List<Path> named = around(source).filter(Files::isRegularFile).filter(p -> lower(p).startsWith("faithdiff"))
                .filter(p -> ends(p, TORCH) || lower(p).endsWith(".safetensors")).toList();
        List<Path> torch = source == null ? List.of() : files(source, TORCH).filter(p -> !p.equals(sdxl)).toList();
        return only(source, "--faithdiff", "FaithDiff.bin", named.isEmpty() ? torch : named);
    }

    /** A VAE beside the SDXL checkpoint, folder or file; else the one inside the checkpoint. */
    private static Path findVae(Path source, Path sdxl, Path faithdiff) {
        Path inner = Files.isDirectory(sdxl) ? sdxl.resolve("vae") : null;
        Predicate<Path> isVae = p -> Files.exists(p.resolve("config.json"))
                && Config.read(p.resolve("config.json")).text("_class_name", "").equals("AutoencoderKL");
        List<Path> own = around(source).filter(p -> !p.equals(inner)).filter(isVae).toList();
        if (own.isEmpty() && source != null) {
            own = files(source, List.of(".safetensors")).filter(p -> lower(p).contains("vae") && !p.equals(sdxl) && !p.equals(faithdiff)).toList();
        }
        if (own.isEmpty() && (inner == null || Files.isDirectory(inner))) return inner;
        return only(source, "--vae", "VAE", own);
    }

    private static Path only(Path source, String flag, String what, List<Path> found) {
        if (found.size() == 1) return found.getFirst();
        if (source == null) throw new ConvertError("no SOURCE folder is given; name the " + what + " by " + flag);
        if (found.isEmpty()) throw new ConvertError(source, "holds no " + what + "; name one by " + flag);
        List<String> names = found.stream().map(p -> p.getFileName().toString()).toList();
        throw new ConvertError(source, "holds more than one " + what + " " + names + "; name one by " + flag);
    }

    private static Stream<Path> files(Path source, List<String> endings) {
        return around(source).filter(p -> Files.isRegularFile(p) && ends(p, endings));
    }

    /** The folder itself and what lies directly in it, by name. */
    private static Stream<Path> around(Path source) {
        if (source == null) return Stream.empty();
        try (Stream<Path> children = Files.list(source)) {
            return Stream.concat(Stream.of(source), children.sorted().toList().stream());
        } catch (IOException e) {
            throw new ConvertError(source, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private static boolean ends(Path p, List<String> endings) { return endings.stream().anyMatch(lower(p)::endsWith); }

    private static String lower(Path p) { return p.getFileName() == null ? "" : p.getFileName().toString().toLowerCase(Locale.ROOT); }
}
