package dev.faithdiff.jmh;

import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Processor;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.lab.Table;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The recorded numbers of this machine and width of vectors: a file with a section for each filter, which the next run with it replaces. */
final class Results {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home", "."));
    private static final Pattern LIMITS = Pattern.compile("(?:limits|on record) ([\\d.]+) GFLOP/s, ([\\d.]+) GB/s");

    private Results() {}

    static Path keep(String filter, int seconds, Limits limits, Table table) throws IOException {
        Path file = file();
        String heading = "## bench " + (filter.isEmpty() ? "(everything)" : filter) + "\n";
        String facts = String.format(Locale.ROOT, "%s, commit %s, %s s each; limits %s.%n%s.%n%s.%n%n",
                date(), commit(), seconds, described(limits), machine(), jdk());
        String section = heading + "\n" + facts + table;
        Files.createDirectories(file.getParent());
        String old = Files.exists(file) ? Files.readString(file) : "# " + name() + "\n";
        Path unfinished = file.resolveSibling("." + file.getFileName() + ".tmp");
        Files.writeString(unfinished, replaced(old, heading, section));
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return HOME.relativize(file);
    }

    /** Limits beside the best that were ever kept of such a machine: the difference tells how busy it is now. */
    static String described(Limits now) throws IOException {
        Limits best = Files.exists(file()) ? best(Files.readString(file()), now) : now;
        return String.format(Locale.ROOT, "%.0f GFLOP/s, %.1f GB/s; best on record %.0f GFLOP/s, %.1f GB/s",
                now.gflops(), now.gbytes(), best.gflops(), best.gbytes());
    }

    static Limits best(String kept, Limits now) {
        Limits best = now;
        for (Matcher m = LIMITS.matcher(kept); m.find(); ) {
            best = new Limits(Math.max(best.gflops(), Double.parseDouble(m.group(1))), Math.max(best.gbytes(), Double.parseDouble(m.group(2))));
        }
        return best;
    }

    private static String name() {
        String processor = Processor.name().replaceAll("\\((R|TM|r|tm)\\)|CPU|Processor|@.*", "");
        String name = processor + " " + Parallel.threads() + " threads " + bits() + " bits";
        return name.strip().replaceAll(" +", " ");
    }

    private static Path file() {
        return HOME.resolve("jmh/results/" + name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "") + ".md");
    }

    /** The file with its section of a heading replaced, or the section at its end. */
    static String replaced(String file, String heading, String section) {
        Matcher old = Pattern.compile("(?ms)^" + Pattern.quote(heading) + ".*?(?=^## |\\z)").matcher(file);
        if (!old.find()) return file + "\n" + section;
        return file.substring(0, old.start()) + section + (old.end() < file.length() ? "\n" : "") + file.substring(old.end());
    }

    private static String date() { return ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'")); }

    /** The short commit, with a plus where files differ from it. */
    private static String commit() {
        String commit = output("git", "-C", HOME.toString(), "rev-parse", "--short", "HEAD");
        return commit.isEmpty() ? "unknown" : commit + (output("git", "-C", HOME.toString(), "status", "--porcelain", "-uno").isEmpty() ? "" : "+");
    }

    private static String machine() {
        return Processor.name() + ", " + Parallel.threads() + " threads, vectors of " + bits() + " bits, " + System.getProperty("os.name") + " "
                + System.getProperty("os.arch");
    }

    private static int bits() { return 32 * Vec.LANES; }

    private static String jdk() {
        List<String> flags = ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(a -> !a.contains("faithdiff.home")).toList();
        return "JDK " + Runtime.version() + " (" + System.getProperty("java.vendor") + "), " + String.join(" ", flags);
    }

    private static String output(String... command) {
        try {
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return p.waitFor() == 0 ? out : "";
        } catch (IOException | InterruptedException e) {
            return "";
        }
    }
}
