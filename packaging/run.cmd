@echo off
rem Opens Cairn, making its environment first if need be. Words go to its command line.
setlocal
call "%~dp0find_python.cmd" || exit /b 3
%PYTHON_LINE% -I "%~dp0launch.py" run %*
exit /b %ERRORLEVEL%
