package dev.faithdiff.tensor.host;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file cannot be read or written, in words: the file system's exceptions say it by their type, and their message is the path alone. */
public final class IoReason {
    private IoReason() {}

    /** The reason in one line, without the file's name. */
    public static String of(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "there is no such file or folder";
            case FileSystemLoopException _ -> "its symbolic links go in a circle";
            case AccessDeniedException _ -> "permission denied";
            case NotDirectoryException _ -> "it is no folder";
            case FileAlreadyExistsException _ -> "a file of this name is there";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            case CharacterCodingException _ -> "it is not UTF-8";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().lines().findFirst().orElse("");
        };
    }

    /** As {@link #of}, with the file's name in front where the exception has it. */
    public static String named(IOException e) {
        return e instanceof FileSystemException f && f.getFile() != null ? f.getFile() + ": " + of(e) : of(e);
    }
}
