package dev.faithdiff.tensor.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The memory that the control groups of Linux, and so containers, let this process use. A group's limit also holds for the groups in it, so the
 * least of all counts. Version 2 has one tree of groups, version 1 one for memory.
 *
 * @param limitBytes {@code Long.MAX_VALUE}: there is no limit
 * @param freeBytes  of the limit; pages of files that can be given back count as free
 * @param version    1 or 2; 0: there is no limit
 */
public record ContainerMemory(long limitBytes, long freeBytes, int version) {
    private static final ContainerMemory NONE = new ContainerMemory(Long.MAX_VALUE, Long.MAX_VALUE, 0);
    /** Version 1 says "no limit" by a number near this one. */
    private static final long MOST = 1L << 60;

    /** As it is now. */
    public static ContainerMemory now() { return read(Path.of("/proc/self/cgroup"), Path.of("/sys/fs/cgroup")); }

    /** @param groups names the process's group in each tree. @param root where the trees are */
    static ContainerMemory read(Path groups, Path root) {
        ContainerMemory least = NONE;
        try {
            for (String line : Files.readAllLines(groups)) {
                String[] parts = line.split(":", 3);
                if (parts.length < 3) continue;
                if (parts[1].isEmpty()) least = least.or(tree(root, parts[2], 2));
                else if (List.of(parts[1].split(",")).contains("memory")) least = least.or(tree(root.resolve("memory"), parts[2], 1));
            }
        } catch (IOException | RuntimeException e) {
            return least; // not Linux, or not readable
        }
        return least;
    }

    private ContainerMemory or(ContainerMemory other) {
        if (other.limitBytes >= limitBytes && other.freeBytes >= freeBytes) return this;
        return new ContainerMemory(Math.min(limitBytes, other.limitBytes), Math.min(freeBytes, other.freeBytes), other.version);
    }

    /** All groups from the process's own to the root. In a container the own one is often the root. */
    private static ContainerMemory tree(Path root, String group, int version) {
        ContainerMemory least = NONE;
        for (Path at = root.resolve(group.substring(1)).normalize(); at.startsWith(root); at = at.getParent()) least = least.or(group(at, version));
        return least;
    }

    private static ContainerMemory group(Path at, int version) {
        try {
            String limit = text(at.resolve(version == 2 ? "memory.max" : "memory.limit_in_bytes"));
            long most = limit.equals("max") ? Long.MAX_VALUE : Long.parseLong(limit);
            if (most >= MOST) return NONE;
            long used = Long.parseLong(text(at.resolve(version == 2 ? "memory.current" : "memory.usage_in_bytes")));
            for (String line : Files.readAllLines(at.resolve("memory.stat"))) {
                if (line.startsWith(version == 2 ? "inactive_file " : "total_inactive_file ")) used -= Long.parseLong(line.replaceAll("\\D", ""));
            }
            return new ContainerMemory(most, Math.max(0, most - used), version);
        } catch (IOException | NumberFormatException e) {
            return NONE; // the group is not seen from here
        }
    }

    private static String text(Path file) throws IOException { return Files.readString(file).strip(); }
}
