package dev.faithdiff.jmh;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What CONTRIBUTING.md asks of every source file and every document. */
@Tag("full")
class HouseTest {
    private static final Path ROOT = Path.of(System.getProperty("faithdiff.home"));
    private static final int COLUMNS = 150, PARAMETERS = 8;

    /** Three programs begin in a class of this name. */
    private static final Set<String> SHARED = Set.of("Main", "Settings");
    /** Configurations and log lines with more parts than a method may have parameters. */
    private static final Set<String> LARGE_RECORDS = Set.of("AlignConfig", "ClipConfig", "Stage", "StepRecord", "UNetConfig");
    /** Names in documents that belong to others, are files, are parts of names, or are written by the reader. */
    private static final Set<String> FOREIGN = Set.of("CancellationException", "UncheckedIOException", "VarHandle.loadLoadFence",
            "FaithDiffStableDiffusionXLPipeline.__call__", "FaithDiff.bin", "BSRNet.pth", "DiffBIR_v2.1.pt", "Split",
            "Abstract", "Impl", "Manager", "Util", "Base", "AffinePlain");

    private static final Pattern FENCED = Pattern.compile("^```.*?^```", Pattern.DOTALL | Pattern.MULTILINE);
    /** A name in backticks that begins with a capital and has small letters: {@code Class}, {@code Class.member} or {@code Class.member(...)}. */
    private static final Pattern NAME = Pattern.compile("`((?=\\w*[a-z])[A-Z]\\w*(?:\\.\\w+)*)(?:\\([^`\\n]*\\))?`");

    private static final Map<String, List<JavaClass>> CLASSES = DependencyTest.CLASSES.stream()
            .filter(c -> !c.isAnonymousClass() && !c.isLocalClass() && !c.getPackageName().contains("jmh_generated"))
            .collect(groupingBy(JavaClass::getSimpleName, TreeMap::new, Collectors.toList()));

    @Test void noLineOfCodeIsTooLong() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path file : files(".java", ".cu", ".cuh")) {
            List<String> lines = Files.readAllLines(file);
            IntStream.range(0, lines.size()).filter(i -> lines.get(i).length() > COLUMNS)
                    .forEach(i -> tooLong.add(ROOT.relativize(file) + ":" + (i + 1) + " has " + lines.get(i).length() + " columns"));
        }
        assertThat(tooLong).isEmpty();
    }

    /** A file's name belongs to one class; nested classes may share a name among themselves, and private ones any. */
    @Test void noNameOfAFileMeansTwoClasses() {
        List<String> twice = new ArrayList<>();
        CLASSES.forEach((name, classes) -> {
            List<String> open = classes.stream().filter(c -> !isPrivate(c)).map(JavaClass::getName).toList();
            if (open.size() > 1 && classes.stream().anyMatch(c -> !c.isNestedClass()) && !SHARED.contains(name)) twice.add(name + ": " + open);
        });
        assertThat(twice).isEmpty();
    }

    /** The class file of a nested class does not hold this modifier, but the attribute that reflection reads does. */
    private static boolean isPrivate(JavaClass c) {
        try {
            return Modifier.isPrivate(Class.forName(c.getName(), false, HouseTest.class.getClassLoader()).getModifiers());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test void nothingButAKernelOrALargeRecordTakesMoreThanEightParameters() {
        List<String> large = CLASSES.values().stream().flatMap(List::stream).filter(c -> !c.getPackageName().startsWith("dev.faithdiff.kernels"))
                .filter(c -> !(c.isRecord() && LARGE_RECORDS.contains(c.getSimpleName()))).flatMap(c -> c.getCodeUnits().stream())
                .filter(u -> !u.getModifiers().contains(JavaModifier.SYNTHETIC) && u.getRawParameterTypes().size() > PARAMETERS)
                .map(JavaCodeUnit::getFullName).toList();
        assertThat(large).isEmpty();
    }

    @Test void everyClassAndMemberNamedInADocumentExists() throws IOException {
        Map<String, Path> sources = files(".java").stream()
                .collect(Collectors.toMap(f -> f.getFileName().toString().replace(".java", ""), f -> f, (a, b) -> a));
        List<String> unknown = new ArrayList<>();
        for (Path document : files(".md")) {
            String text = FENCED.matcher(Files.readString(document)).replaceAll("");
            for (String name : NAME.matcher(text).results().map(m -> m.group(1)).distinct().toList()) {
                if (!FOREIGN.contains(name) && !exists(name, sources)) unknown.add(ROOT.relativize(document) + ": " + name);
            }
        }
        assertThat(unknown).isEmpty();
    }

    @Test void theDocumentsAreFoundAndFalseNamesAreSeen() throws IOException {
        assertThat(files(".md")).contains(ROOT.resolve("ARCHITECTURE.md"), ROOT.resolve("docs/cuda.md"));
        assertThat(NAME.matcher("`Tensor.to(device)`, `Op`, `OUT`, `x.Y`, `FaithDiff.bin`").results().map(m -> m.group(1)))
                .containsExactly("Tensor.to", "Op", "FaithDiff.bin");
        assertThat(exists("Tensor.to", Map.of())).isTrue();
        assertThat(exists("NoisePrediction.Settings.across", Map.of())).isTrue();
        assertThat(exists("Denoising.Settings.across", Map.of())).isFalse();
        assertThat(exists("Tensro", Map.of())).isFalse();
    }

    /** A class of main code with its members, inherited ones too, or a test's file and a word in it. */
    private static boolean exists(String name, Map<String, Path> sources) {
        String[] parts = name.split("\\.");
        if (CLASSES.containsKey(parts[0])) {
            return CLASSES.get(parts[0]).stream().anyMatch(c -> has(c, parts, 1));
        }
        try {
            if (!sources.containsKey(parts[0])) return false;
            String source = Files.readString(sources.get(parts[0]));
            return Stream.of(parts).allMatch(p -> Pattern.compile("\\b" + p + "\\b").matcher(source).find());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean has(JavaClass c, String[] parts, int at) {
        if (at == parts.length) return true;
        Collection<JavaClass> nested = CLASSES.getOrDefault(parts[at], List.of());
        if (nested.stream().anyMatch(n -> n.getEnclosingClass().filter(c::equals).isPresent() && has(n, parts, at + 1))) return true;
        return at == parts.length - 1 && c.getAllMembers().stream().anyMatch(m -> m.getName().equals(parts[at]));
    }

    private static List<Path> files(String... endings) throws IOException {
        try (Stream<Path> all = Files.walk(ROOT)) {
            return all.filter(f -> Stream.of(endings).anyMatch(f.toString()::endsWith))
                    .filter(f -> Stream.of("target", ".git").noneMatch(part -> ROOT.relativize(f).startsWith(part)
                    || f.toString().contains("/" + part + "/")))
                    .toList();
        }
    }
}
