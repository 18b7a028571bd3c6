package dev.faithdiff.restore.batch;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.function.Predicate;

/**
 * A pattern such as {@code album/**&#47;*.jpg}. Wildcards in names of folders and files that exist stand for themselves.
 *
 * @param base the folder below which it matches: the pattern's leading parts that exist
 * @param all  matches paths below the base
 * @param here the same where {@code **}{@code /} stands for no folder at all, as in shells
 */
record PhotoPattern(Path base, PathMatcher all, PathMatcher here) implements Predicate<Path> {
    private static final String WILDCARDS = "(?s).*[*?\\[{].*";

    /** The pattern that an argument is; null: it names a file or folder, or has no wildcards. */
    static PhotoPattern of(String argument) {
        if (!argument.matches(WILDCARDS) || Files.exists(FileNames.path(argument))) return null;
        int base = 0;
        for (int slash = argument.indexOf('/'); slash >= 0; slash = argument.indexOf('/', slash + 1)) {
            String part = argument.substring(0, slash + 1);
            if (part.matches(WILDCARDS) && !Files.isDirectory(FileNames.path(part))) break;
            base = slash + 1;
        }
        String rest = argument.substring(base);
        if (!rest.matches(WILDCARDS)) return null;
        return new PhotoPattern(FileNames.path(argument.substring(0, base)), glob(rest), glob(rest.replace("**/", "")));
    }

    private static PathMatcher glob(String pattern) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the pattern " + pattern + " is not complete: " + e.getMessage().lines().findFirst().orElse(""), e);
        }
    }

    /** Whether the pattern matches a path of the base, or a folder that the path is in. */
    @Override public boolean test(Path path) {
        for (Path part = base.relativize(path); part != null; part = part.getParent()) {
            if (all.matches(part) || here.matches(part)) return true;
        }
        return false;
    }
}
