package dev.faithdiff.cli;

import java.util.ArrayList;
import java.util.List;

/** Arguments as earlier versions took them: the sampler {@code NAME-karras} is now NAME with {@code --sigmas karras}. */
final class FormerNames {
    private static final String FLAG = "--sampler", END = "-karras";

    private FormerNames() {}

    /** The arguments with today's names. */
    static String[] replaced(String[] args) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            String arg = args[i];
            boolean isValue = i > 0 && args[i - 1].equals(FLAG);
            if (!arg.endsWith(END) || !(isValue || arg.startsWith(FLAG + "="))) {
                all.add(arg);
                continue;
            }
            all.add(arg.substring(0, arg.length() - END.length()));
            all.add("--sigmas=karras");
        }
        return all.toArray(String[]::new);
    }
}
